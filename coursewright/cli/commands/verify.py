"""`verify`: whether a certificate is what its provider signed."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("what", metavar="CERTIFICATE")
@click.option("--key", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="the provider's public key (default: public-key.pem beside the file, or your own key)")
def command(what: str, key: Path | None) -> int:
    """Check a certificate offline: a PDF, a photograph of one (PNG, JPEG), or the text or web address that its QR code holds.

    Exit status: 0 valid for credit, 1 not signed by this key, altered, unreadable, or a sample.
    """
    from coursewright.build.qr import UnreadableCode, read_codes
    from coursewright.build.signing import KeyFault, check, default_key, load_public_key, token_in

    try:
        if token_in(what):
            tokens, beside = [token_in(what)], None
        else:
            path = Path(what)
            if not path.is_file():
                raise click.UsageError(f"there is no file {what}")
            tokens, beside = [token_in(code) for code in read_codes(path)], path.parent / "public-key.pem"
        public = load_public_key(key or (beside if beside and beside.is_file() else default_key()))
    except (UnreadableCode, KeyFault) as error:
        click.echo(f"NOT VERIFIED: {error}")
        return 1
    except OSError as error:
        raise click.UsageError(f"there is no public key ({error.filename}); name one with --key") from None
    statements = [statement for statement in (check(public, token) for token in tokens) if statement]
    if not statements:
        click.echo("NOT VALID: no statement in it was signed by this key, or it was altered")
        return 1
    for s in statements:
        state = "VALID" if s.get("v") == 1 else "SAMPLE, NOT VALID FOR CREDIT (the signature is good)"
        click.echo(f"{state}\n  name         {s.get('n')}\n  activity     {s.get('t')} ({s.get('a')})\n  completed    {s.get('d')}\n  credit       {s.get('h')} {s.get('c')}\n  provider     {s.get('p') or 'none'}\n  certificate  {s.get('s')}")
    return int(any(s.get("v") != 1 for s in statements))

"""What pages say where something was refused."""

from __future__ import annotations

from coursewright.serve.language import _


def explained(word: str) -> str:
    """A refusal in the language of the reader."""
    known = {
        "name": _("Give a name of at most 200 characters."),
        "dates": _("The closing must come after the opening. Write dates as year, month, day and time."),
        "taken": _("This name is in use already."),
        "nobody": _("There is no such member of staff."),
        "last": _("Somebody must remain: assign or promote another first."),
        "reason": _("Give a reason: the log keeps it."),
        "reason-long": _("Give a shorter reason, of at most 500 characters."),
        "reason-name": _("The log is kept for ever, so a reason may not hold the learner's name, number or address."),
        "time": _("Extra time is 0 to 999 minutes and 0 to 400 percent, in whole numbers."),
        "minutes": _("Give minutes as a whole number, from 1 to 10080 (a week)."),
        "test": _("There is no such test."),
        "given": _("Twenty attempts were given already."),
        "not-there": _("The learner is not in this cohort."),
        "there-already": _("The learner is in that cohort already."),
        "not-open": _("This attempt is not open: it can be reopened, not extended."),
        "no-limit": _("This attempt has no time limit."),
        "not-submitted": _("Only an attempt that was handed in on the web can be reopened."),
        "another-open": _("Another attempt at this test is open. Let it be handed in, or make it void first."),
        "certificate": _("A certificate rests on this attempt. Tick the box that says so, if you go on all the same."),
        "certificate-none": _("This learner holds no such certificate."),
        "certificate-stands": _("Another certificate of this learner stands. Withdraw that one first."),
        "certificate-changed": _("The certificates of this learner were changed meanwhile. Look again before you go on."),
        "certificate-due": _("Not all is done that a certificate takes: the test passed and the evaluation handed in. Nothing was changed."),
        "key": _("The certificate cannot be signed now: the signing key of the service cannot be used. Nothing was changed. Tell who runs it."),
        "not-linked": _("No account elsewhere is linked to this learner."),
        "void-already": _("This attempt is void already."),
        "username": _("A user name has 2 to 100 small letters, digits, and . _ @ + -; it begins with a letter or digit."),
        "role": _("There is no such role."),
        "inactive": _("This account is not active."),
        "short": _("The password is shorter than 12 characters."),
        "long": _("The password is longer than 200 characters."),
        "guessable": _("This password is easily guessed: it holds the user name, or few different characters."),
        "differ": _("The two passwords are not the same."),
        "confirm": _("What you typed is not what is asked for; nothing was erased."),
        "all-have-codes": _("Everybody has a code in force. Tick those whom you want to give a new one."),
        "chosen": _("Choose at least one learner, and at most 2000."),
        "forms": _("Give the number of different forms as a whole number from 1 to 1000, or leave it empty."),
        "copies": _("Forms are printed for 1 to 1000 learners at once. Choose a cohort of that size, or use the command."),
        "printing": _("Five jobs of this cohort are waiting already. Come back when they are made."),
        "file": _("Choose a file."),
        "large": _("This file is too large for a roster: at most 1 MB and 10,000 learners."),
    }
    return known.get(word) or _("This cannot be done.")

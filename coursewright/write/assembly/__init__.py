"""Documents for many people, assembled from pieces that were laid out once: nothing is laid out again.

`library.py` turns pieces and fonts into PDF objects, `document.py` writes pages, tags and cross references, the others
draw: booklets, answer sheets, and the proctor's papers.
"""

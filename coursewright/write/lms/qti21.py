"""QTI 2.1."""

from __future__ import annotations

from coursewright.plan.lms import LmsPlan
from coursewright.write.lms import Exported, lms_format
from coursewright.write.lms.qti import Dialect
from coursewright.write.lms.qti_test import write_package

QTI21 = Dialect(
    name="QTI 2.1",
    ending="qti21",
    namespace="http://www.imsglobal.org/xsd/imsqti_v2p1",
    location="http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1.xsd",
    package_namespace="http://www.imsglobal.org/xsd/imscp_v1p1",
    package_location="http://www.imsglobal.org/xsd/qti/qtiv2p1/qtiv2p1_imscpv1p2_v1p0.xsd",
    package_schema=("QTIv2.1 Package", "1.0.0"),
    item_type="imsqti_item_xmlv2p1",
    test_type="imsqti_test_xmlv2p1",
    spell=lambda name: name,
    spell_attribute=lambda name: name,
    wraps_content=False,
)


@lms_format("qti21")
def write_qti21(plan: LmsPlan) -> Exported:
    """A content package of QTI 2.1."""
    return write_package(QTI21, plan)

"""QTI 3.0."""

from __future__ import annotations

from coursewright.plan.lms import LmsPlan
from coursewright.write.lms import Exported, lms_format
from coursewright.write.lms.qti import Dialect, kebab
from coursewright.write.lms.qti_test import write_package

QTI30 = Dialect(
    name="QTI 3.0",
    ending="qti30",
    namespace="http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
    location="https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_asiv3p0_v1p0.xsd",
    package_namespace="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1",
    package_location="https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqtiv3p0_imscpv1p2_v1p0.xsd",
    package_schema=("QTI Package", "3.0.0"),
    item_type="imsqti_item_xmlv3p0",
    test_type="imsqti_test_xmlv3p0",
    spell=lambda name: f"qti-{kebab(name)}",
    spell_attribute=kebab,
    wraps_content=True,
)


@lms_format("qti30")
def write_qti30(plan: LmsPlan) -> Exported:
    """A content package of QTI 3.0."""
    return write_package(QTI30, plan)

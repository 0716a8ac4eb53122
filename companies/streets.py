"""街道 and 镇, below the districts."""

from django.db import models


class Street(models.TextChoices):
    """街道 and 镇 of 宁波市江北区, by their nine-digit codes."""

    WAITAN = "330205001", "外滩街道"
    KONGPU = "330205002", "孔浦街道"
    WENJIAO = "330205003", "文教街道"
    YONGJIANG = "330205004", "甬江街道"
    ZHUANGQIAO = "330205005", "庄桥街道"
    HONGTANG = "330205006", "洪塘街道"
    QIANJIANG = "330205008", "前江街道"
    CICHENG = "330205103", "慈城镇"

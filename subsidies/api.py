"""The calculator over HTTP, under `/api/v1/`."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from subsidies.catalogue import published
from subsidies.rules.estimate import estimate
from subsidies.rules.reader import BadQuestion

FaultList = inline_serializer(
    "FaultList",
    {
        "faults": serializers.ListField(
            child=inline_serializer(
                "Fault",
                {"path": serializers.CharField(), "message": serializers.CharField()},
            )
        )
    },
)


class EstimateView(APIView):
    """What an award would come to. It reads no account and changes nothing, so anyone may ask."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="estimate",
        description=(
            "A question (`company`, `claims`, `history`, ...) or an array of questions; money as "
            "text in yuan. The answer holds for each claim its checks, steps and amount, each "
            "with the clause it rests on."
        ),
        request={"application/json": {"type": "object", "additionalProperties": True}},
        responses={
            200: OpenApiResponse(description="The answer, or an array of answers in order"),
            400: OpenApiResponse(FaultList, description="Every fault with its path"),
        },
    )
    def post(self, request: Request) -> Response:
        # The text itself, not what a parser made of it: a key given twice shows only there.
        try:
            answer = estimate(request._request.body, published.catalogue(), timezone.localdate())
        except BadQuestion as error:
            faults = [{"path": fault.path, "message": fault.message} for fault in error.faults]
            return Response({"faults": faults}, status=400)
        return Response(answer)

"""`aws:lb/listener:Listener` and `aws:lb/listenerCertificate:ListenerCertificate`."""

from __future__ import annotations

from typing import Any, ClassVar

from tinystacks.local.provider.api_errors import after_creation, ignoring, passing
from tinystacks.local.provider.api_shapes import entries, known_form, refuse_unknown, shape
from tinystacks.local.provider.ec2_lookups import one_or_none
from tinystacks.local.provider.elbv2_actions import action_errors, action_members, found_actions
from tinystacks.local.provider.elbv2_attributes import Attribute, attribute_list, found, wanted
from tinystacks.local.provider.elbv2_tags import found_tags, tags_member, update_tags
from tinystacks.local.provider.handler import Call, Inputs, PlanError, polling, tried_until

ATTRIBUTES = (
    Attribute(name="tcpIdleTimeoutSeconds", key="tcp.idle_timeout.seconds", default=350, kinds=frozenset({"TCP"})),
    Attribute(
        name="routingHttpResponseServerEnabled",
        key="routing.http.response.server.enabled",
        default=True,
        kinds=frozenset({"HTTP", "HTTPS"}),
    ),
    *(
        Attribute(name=name, key=key, kinds=frozenset({"HTTP", "HTTPS"}))
        for name, key in (
            ("StrictTransportSecurity", "strict_transport_security"),
            ("AccessControlAllowOrigin", "access_control_allow_origin"),
            ("AccessControlAllowMethods", "access_control_allow_methods"),
            ("AccessControlAllowHeaders", "access_control_allow_headers"),
            ("AccessControlAllowCredentials", "access_control_allow_credentials"),
            ("AccessControlExposeHeaders", "access_control_expose_headers"),
            ("AccessControlMaxAge", "access_control_max_age"),
            ("ContentSecurityPolicy", "content_security_policy"),
            ("XContentTypeOptions", "x_content_type_options"),
            ("XFrameOptions", "x_frame_options"),
        )
        for name, key in (
            (f"routingHttpResponse{name}HeaderValue", f"routing.http.response.{key}.header_value"),
        )
    ),
    *(
        Attribute(name=name, key=key, kinds=frozenset({"HTTPS"}))
        for name, key in (
            ("MtlsClientcertSerialNumber", "mtls_clientcert_serial_number"),
            ("MtlsClientcertIssuer", "mtls_clientcert_issuer"),
            ("MtlsClientcertSubject", "mtls_clientcert_subject"),
            ("MtlsClientcertValidity", "mtls_clientcert_validity"),
            ("MtlsClientcertLeaf", "mtls_clientcert_leaf"),
            ("MtlsClientcert", "mtls_clientcert"),
            ("TlsVersion", "tls_version"),
            ("TlsCipherSuite", "tls_cipher_suite"),
        )
        for name, key in (
            (f"routingHttpRequestXAmzn{name}HeaderName", f"routing.http.request.x_amzn_{key}.header_name"),
        )
    ),
)  # fmt: skip
"""Elastic Load Balancing API reference, ListenerAttribute."""

ATTRIBUTE_NAMES = frozenset(attribute.name for attribute in ATTRIBUTES)
MUTUAL_AUTHENTICATION = shape(
    "aws:lb/listener:Listener.mutualAuthentication",
    "mode",
    "trustStoreArn",
    "ignoreClientCertificateExpiry",
)
LISTENER_INPUTS = frozenset(
    {
        *ATTRIBUTE_NAMES,
        "loadBalancerArn", "port", "protocol", "certificateArn", "sslPolicy", "alpnPolicy", "mutualAuthentication",
        "defaultActions",
    }
)  # fmt: skip
MODIFIED = frozenset(
    {"port", "protocol", "certificateArn", "sslPolicy", "alpnPolicy", "mutualAuthentication", "defaultActions"},
)
GONE_CODE = "ListenerNotFound"
CERTIFICATE_TIMEOUT_SECONDS = 300.0


class ListenerHandler:
    """A listener of a load balancer."""

    token: ClassVar[str] = "aws:lb/listener:Listener"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """CreateListener, again while its certificate is not visible yet; then its attributes."""
        refuse_unknown(self.token, inputs, LISTENER_INPUTS)
        elbv2 = call.clients("elbv2")
        members = _members(inputs)
        answer: dict[str, Any] = tried_until(
            call,
            lambda: elbv2.create_listener(
                LoadBalancerArn=inputs["loadBalancerArn"],
                DefaultActions=action_members(inputs["defaultActions"]),
                **members,
                **tags_member(inputs),
            ),
            passing=passing("CertificateNotFound"),
            timeout_seconds=CERTIFICATE_TIMEOUT_SECONDS,
        )
        arn: str = answer["Listeners"][0]["ListenerArn"]
        with after_creation(arn):
            polling(call, lambda: self._found(call, arn), until=f"ELBv2 Listener ({arn}) to be visible")
            self._set_attributes(call, arn, wanted(ATTRIBUTES, members.get("Protocol", ""), inputs))
        return arn

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """The listener; its forward action is in the shape that the program used."""
        listener = self._found(call, resource_id)
        if listener is None:
            return None
        protocol: str = listener.get("Protocol", "")
        certificates: list[dict[str, str]] = listener.get("Certificates") or []
        mutual: dict[str, Any] = listener.get("MutualAuthentication") or {}
        known_protocol = str(state.get("protocol") or "")
        answer: Inputs = {
            **self._attributes(call, resource_id, protocol),
            "arn": resource_id,
            "loadBalancerArn": listener["LoadBalancerArn"],
            "port": listener.get("Port"),
            "protocol": known_protocol if known_protocol.upper() == protocol else protocol,
            "certificateArn": certificates[0].get("CertificateArn") if certificates else None,
            "sslPolicy": listener.get("SslPolicy") if protocol in {"HTTPS", "TLS"} else None,
            "alpnPolicy": (listener.get("AlpnPolicy") or [None])[0],
            "mutualAuthentication": MUTUAL_AUTHENTICATION.from_api(mutual),
            "defaultActions": found_actions(listener.get("DefaultActions", []), entries(state, "defaultActions")),
            "tagsAll": found_tags(call, resource_id),
        }
        return known_form(answer, state, unordered={"defaultActions.forward.targetGroups"})

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Tags; ModifyListener, with the actions only when they changed; changed attributes."""
        refuse_unknown(self.token, new, LISTENER_INPUTS)
        elbv2 = call.clients("elbv2")
        update_tags(call, resource_id, old, new)
        members = _members(new)
        if changed & MODIFIED:
            actions = {"DefaultActions": action_members(new["defaultActions"])} if "defaultActions" in changed else {}
            tried_until(
                call,
                lambda: elbv2.modify_listener(ListenerArn=resource_id, **members, **actions),
                passing=passing("CertificateNotFound"),
                timeout_seconds=CERTIFICATE_TIMEOUT_SECONDS,
            )
        chosen = {name: new.get(name) for name in changed & ATTRIBUTE_NAMES}
        self._set_attributes(call, resource_id, wanted(ATTRIBUTES, members.get("Protocol", ""), chosen))

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """DeleteListener; one that went with its load balancer is done."""
        del state
        with ignoring(GONE_CODE):
            call.clients("elbv2").delete_listener(ListenerArn=resource_id)

    def plan(self, call: Call, old: Inputs | None, new: Inputs) -> list[PlanError]:
        """Actions without what their type needs."""
        del call, old
        return action_errors("defaultActions", entries(new, "defaultActions"))

    def _found(self, call: Call, arn: str) -> dict[str, Any] | None:
        elbv2 = call.clients("elbv2")
        return one_or_none(
            lambda: elbv2.describe_listeners(ListenerArns=[arn])["Listeners"],
            GONE_CODE,
            "LoadBalancerNotFound",
        )

    def _attributes(self, call: Call, arn: str, protocol: str) -> Inputs:
        if protocol == "TLS":
            return {}
        told = call.clients("elbv2").describe_listener_attributes(ListenerArn=arn)["Attributes"]
        return found(ATTRIBUTES, protocol, told)

    def _set_attributes(self, call: Call, arn: str, attributes: dict[str, str]) -> None:
        if attributes:
            call.clients("elbv2").modify_listener_attributes(ListenerArn=arn, Attributes=attribute_list(attributes))


class ListenerCertificateHandler:
    """A further certificate of a listener."""

    token: ClassVar[str] = "aws:lb/listenerCertificate:ListenerCertificate"  # noqa: S105 - a type token, no secret

    def create(self, call: Call, inputs: Inputs) -> str:
        """AddListenerCertificates, again while the certificate is not visible yet."""
        refuse_unknown(self.token, inputs, {"listenerArn", "certificateArn"})
        elbv2 = call.clients("elbv2")
        listener, certificate = inputs["listenerArn"], inputs["certificateArn"]
        tried_until(
            call,
            lambda: elbv2.add_listener_certificates(
                ListenerArn=listener,
                Certificates=[{"CertificateArn": certificate}],
            ),
            passing=passing("CertificateNotFound"),
            timeout_seconds=CERTIFICATE_TIMEOUT_SECONDS,
        )
        return f"{listener}_{certificate}"

    def read(self, call: Call, resource_id: str, state: Inputs) -> Inputs | None:
        """Both ARNs, when the listener has it as a certificate that is not its default one."""
        listener, _, certificate = resource_id.partition("_")
        elbv2 = call.clients("elbv2")
        entry = one_or_none(
            lambda: [
                one
                for one in elbv2.describe_listener_certificates(ListenerArn=listener)["Certificates"]
                if one["CertificateArn"] == certificate and not one.get("IsDefault")
            ],
            GONE_CODE,
        )
        return known_form({"listenerArn": listener, "certificateArn": certificate}, state) if entry else None

    def update(self, call: Call, resource_id: str, old: Inputs, new: Inputs, changed: frozenset[str]) -> None:
        """Never called: any change replaces."""
        del call, resource_id, old, new, changed

    def delete(self, call: Call, resource_id: str, state: Inputs) -> None:
        """RemoveListenerCertificates; a listener or certificate that is gone is done."""
        del state
        listener, _, certificate = resource_id.partition("_")
        with ignoring(GONE_CODE, "CertificateNotFound", "OperationNotPermitted"):
            call.clients("elbv2").remove_listener_certificates(
                ListenerArn=listener,
                Certificates=[{"CertificateArn": certificate}],
            )


def _members(inputs: Inputs) -> dict[str, Any]:
    """What create and modify share; an application listener without protocol is HTTPS with a certificate, else HTTP."""
    members: dict[str, Any] = {}
    if inputs.get("port"):
        members["Port"] = int(inputs["port"])
    protocol = inputs.get("protocol")
    if not protocol and ":loadbalancer/app/" in inputs["loadBalancerArn"]:
        protocol = "HTTPS" if inputs.get("certificateArn") else "HTTP"
    if protocol:
        members["Protocol"] = str(protocol).upper()
    if inputs.get("certificateArn"):
        members["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
    if inputs.get("sslPolicy"):
        members["SslPolicy"] = inputs["sslPolicy"]
    if inputs.get("alpnPolicy"):
        members["AlpnPolicy"] = [inputs["alpnPolicy"]]
    if inputs.get("mutualAuthentication"):
        members["MutualAuthentication"] = MUTUAL_AUTHENTICATION.to_api(inputs["mutualAuthentication"])
    return members

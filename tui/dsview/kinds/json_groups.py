"""The JSON of the kinds outside the core group: networking, admission, aggregation. As `wire`, for everything else."""

from __future__ import annotations

from msgspec import field

from dsview.kinds.json_core import ConditionWire, ObjectMeta, ServiceStatus, Wire


class ServiceCIDRSpec(Wire):
    """spec of a ServiceCIDR."""

    cidrs: list[str] | None = None


class ServiceCIDRStatus(Wire):
    """status of a ServiceCIDR."""

    conditions: list[ConditionWire] | None = None


class ServiceCIDRWire(Wire):
    """networking.k8s.io ServiceCIDR."""

    metadata: ObjectMeta
    spec: ServiceCIDRSpec | None = None
    status: ServiceCIDRStatus | None = None


class ParentRef(Wire):
    """spec.parentRef of an IPAddress."""

    resource: str | None = None
    namespace: str | None = None
    name: str | None = None


class IPAddressSpec(Wire):
    """spec of an IPAddress."""

    parent_ref: ParentRef | None = None


class IPAddressWire(Wire):
    """networking.k8s.io IPAddress."""

    metadata: ObjectMeta
    spec: IPAddressSpec | None = None


class BackendPort(Wire):
    """backend.service.port of an Ingress."""

    number: int | None = None
    name: str | None = None


class BackendService(Wire):
    """backend.service of an Ingress."""

    name: str = ""
    port: BackendPort | None = None


class Backend(Wire):
    """A backend of an Ingress."""

    service: BackendService | None = None


class HTTPPath(Wire):
    """rules[].http.paths[] of an Ingress."""

    backend: Backend | None = None


class HTTPRule(Wire):
    """rules[].http of an Ingress."""

    paths: list[HTTPPath] | None = None


class IngressRule(Wire):
    """rules[] of an Ingress."""

    host: str | None = None
    http: HTTPRule | None = None


class IngressSpec(Wire):
    """spec of an Ingress."""

    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    rules: list[IngressRule] | None = None


class IngressWire(Wire):
    """networking.k8s.io/v1 Ingress."""

    metadata: ObjectMeta
    spec: IngressSpec | None = None
    status: ServiceStatus | None = None


class IngressClassSpec(Wire):
    """spec of an IngressClass."""

    controller: str | None = None


class IngressClassWire(Wire):
    """networking.k8s.io/v1 IngressClass."""

    metadata: ObjectMeta
    spec: IngressClassSpec | None = None


class IPBlockWire(Wire):
    """An ipBlock peer."""

    cidr: str = ""
    except_: list[str] | None = field(name="except", default=None)


class Peer(Wire):
    """from[] or to[] of a NetworkPolicy rule."""

    ip_block: IPBlockWire | None = None


class RuleWire(Wire):
    """ingress[] or egress[] of a NetworkPolicy."""

    from_: list[Peer] | None = field(name="from", default=None)
    to: list[Peer] | None = None


class Requirement(Wire):
    """matchExpressions[] of a selector."""

    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class Selector(Wire):
    """A metav1.LabelSelector."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[Requirement] | None = None


class NetworkPolicySpec(Wire):
    """spec of a NetworkPolicy."""

    pod_selector: Selector | None = None
    policy_types: list[str] | None = None
    ingress: list[RuleWire] | None = None
    egress: list[RuleWire] | None = None


class NetworkPolicyWire(Wire):
    """networking.k8s.io/v1 NetworkPolicy."""

    metadata: ObjectMeta
    spec: NetworkPolicySpec | None = None


class ServiceReference(Wire):
    """clientConfig.service of a webhook, spec.service of an APIService."""

    namespace: str = ""
    name: str = ""


class ClientConfig(Wire):
    """clientConfig of a webhook."""

    service: ServiceReference | None = None


class Webhook(Wire):
    """webhooks[]."""

    client_config: ClientConfig | None = None


class WebhookConfigurationWire(Wire):
    """admissionregistration.k8s.io/v1 webhook configurations."""

    metadata: ObjectMeta
    webhooks: list[Webhook] | None = None


class APIServiceSpec(Wire):
    """spec of an APIService."""

    service: ServiceReference | None = None


class APIServiceWire(Wire):
    """apiregistration.k8s.io/v1 APIService."""

    metadata: ObjectMeta
    spec: APIServiceSpec | None = None

"""`aws:ec2/getInstanceType:getInstanceType`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinystacks.local.provider.invocation import Invocation


def instance_type(invocation: Invocation) -> dict[str, Any]:
    """Facts of one instance type, as EC2 tells them."""
    wanted = invocation.args["instanceType"]
    found = invocation.client("ec2").describe_instance_types(InstanceTypes=[wanted])["InstanceTypes"]
    facts = invocation.only(found, "EC2 Instance Type")
    return {
        **_processor(facts),
        **_network(facts.get("NetworkInfo") or {}),
        **_storage(facts),
        **_accelerators(facts.get("GpuInfo") or {}),
        "id": wanted,
        "instanceType": wanted,
        "region": invocation.region,
        "autoRecoverySupported": facts.get("AutoRecoverySupported", False),
        "bareMetal": facts.get("BareMetal", False),
        "burstablePerformanceSupported": facts.get("BurstablePerformanceSupported", False),
        "currentGeneration": facts.get("CurrentGeneration", False),
        "dedicatedHostsSupported": facts.get("DedicatedHostsSupported", False),
        "freeTierEligible": facts.get("FreeTierEligible", False),
        "hibernationSupported": facts.get("HibernationSupported", False),
        "hypervisor": facts.get("Hypervisor", ""),
        "supportedPlacementStrategies": (facts.get("PlacementGroupInfo") or {}).get("SupportedStrategies", []),
        "supportedRootDeviceTypes": facts.get("SupportedRootDeviceTypes", []),
        "supportedUsagesClasses": facts.get("SupportedUsageClasses", []),
        "supportedVirtualizationTypes": facts.get("SupportedVirtualizationTypes", []),
    }


def _processor(facts: Mapping[str, Any]) -> dict[str, Any]:
    vcpu = facts["VCpuInfo"]
    processor: dict[str, Any] = facts.get("ProcessorInfo") or {}
    return {
        "defaultVcpus": vcpu["DefaultVCpus"],
        "defaultCores": vcpu.get("DefaultCores", 0),
        "defaultThreadsPerCore": vcpu.get("DefaultThreadsPerCore", 0),
        "validCores": vcpu.get("ValidCores", []),
        "validThreadsPerCores": vcpu.get("ValidThreadsPerCore", []),
        "memorySize": facts["MemoryInfo"]["SizeInMiB"],
        "supportedArchitectures": processor.get("SupportedArchitectures", []),
        "supportedCpuFeatures": processor.get("SupportedFeatures", []),
        "sustainedClockSpeed": processor.get("SustainedClockSpeedInGhz", 0),
    }


def _network(network: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "maximumNetworkInterfaces": network.get("MaximumNetworkInterfaces", 0),
        "maximumIpv4AddressesPerInterface": network.get("Ipv4AddressesPerInterface", 0),
        "maximumIpv6AddressesPerInterface": network.get("Ipv6AddressesPerInterface", 0),
        "maximumNetworkCards": network.get("MaximumNetworkCards", 0),
        "defaultNetworkCardIndex": network.get("DefaultNetworkCardIndex", 0),
        "networkPerformance": network.get("NetworkPerformance", ""),
        "enaSupport": network.get("EnaSupport", ""),
        "efaSupported": network.get("EfaSupported", False),
        "ipv6Supported": network.get("Ipv6Supported", False),
        "encryptionInTransitSupported": network.get("EncryptionInTransitSupported", False),
    }


def _storage(facts: Mapping[str, Any]) -> dict[str, Any]:
    ebs: dict[str, Any] = facts.get("EbsInfo") or {}
    storage: dict[str, Any] = facts.get("InstanceStorageInfo") or {}
    return {
        "ebsOptimizedSupport": ebs.get("EbsOptimizedSupport", ""),
        "ebsNvmeSupport": ebs.get("NvmeSupport", ""),
        "ebsEncryptionSupport": ebs.get("EncryptionSupport", ""),
        "instanceStorageSupported": facts.get("InstanceStorageSupported", False),
        "totalInstanceStorage": storage.get("TotalSizeInGB", 0),
        "instanceDisks": [
            {"count": disk["Count"], "size": disk["SizeInGB"], "type": disk["Type"]}
            for disk in storage.get("Disks", [])
        ],
    }


def _accelerators(gpus: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "gpuses": [
            {
                "count": gpu.get("Count", 0),
                "manufacturer": gpu.get("Manufacturer", ""),
                "memorySize": (gpu.get("MemoryInfo") or {}).get("SizeInMiB", 0),
                "name": gpu.get("Name", ""),
            }
            for gpu in gpus.get("Gpus", [])
        ],
        "totalGpuMemory": gpus.get("TotalGpuMemoryInMiB", 0),
        "fpgas": [],
        "inferenceAccelerators": [],
        "neuronDevices": [],
    }

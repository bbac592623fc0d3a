"""OVA: a tar of a machine's description (DSP0243, Open Virtualization Format 1.1), a manifest, and
its disk, which is a stream-optimized VMDK."""

import hashlib
from pathlib import Path
from string import Template

from tools.base.files import replacing
from tools.image import archives

NAME = "mote"
MEMORY_MIB = 64  # beside the site

DESCRIPTION = Template("""\
<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
    xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References>
    <File ovf:id="file1" ovf:href="$disk_name" ovf:size="$disk_bytes"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="$capacity"
        ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="public">
      <Description>The network to serve</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="$name">
    <Info>A machine that serves a site</Info>
    <Name>$name</Name>
    <OperatingSystemSection ovf:id="102">
      <Info>None: other, 64 bits</Info>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>One processor, one disk, one network card</Info>
      <System>
        <vssd:ElementName>Virtual hardware</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>$name</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-07</vssd:VirtualSystemType>
      </System>
      <Item>
        <rasd:ElementName>1 virtual CPU</rasd:ElementName>
        <rasd:InstanceID>1</rasd:InstanceID>
        <rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>1</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>
        <rasd:ElementName>$memory MiB of memory</rasd:ElementName>
        <rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType>
        <rasd:VirtualQuantity>$memory</rasd:VirtualQuantity>
      </Item>
      <Item>
        <rasd:Address>0</rasd:Address>
        <rasd:ElementName>IDE controller</rasd:ElementName>
        <rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>PIIX4</rasd:ResourceSubType>
        <rasd:ResourceType>5</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AddressOnParent>0</rasd:AddressOnParent>
        <rasd:ElementName>Disk</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/disk1</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent>
        <rasd:ResourceType>17</rasd:ResourceType>
      </Item>
      <Item>
        <rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>
        <rasd:Connection>public</rasd:Connection>
        <rasd:ElementName>Network card</rasd:ElementName>
        <rasd:InstanceID>5</rasd:InstanceID>
        <rasd:ResourceSubType>E1000</rasd:ResourceSubType>
        <rasd:ResourceType>10</rasd:ResourceType>
      </Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
""")


def write(vmdk: Path, capacity: int, site_bytes: int, out: Path) -> None:
    """The archive for a disk of this capacity; the memory follows from the site's size."""
    disk_name = f"{NAME}-disk1.vmdk"
    described = DESCRIPTION.substitute(
        name=NAME, disk_name=disk_name, disk_bytes=vmdk.stat().st_size, capacity=capacity,
        memory=-(-(site_bytes >> 20) // 4) * 4 + MEMORY_MIB).encode()
    with vmdk.open("rb") as disk:
        disk_sum = hashlib.file_digest(disk, "sha256").hexdigest()
    sums = (f"SHA256({NAME}.ovf)= {hashlib.sha256(described).hexdigest()}\n"
            f"SHA256({disk_name})= {disk_sum}\n").encode()
    with replacing(out) as file:
        archives.write_tar([(archives.member(f"{NAME}.ovf"), described),
                            (archives.member(f"{NAME}.mf"), sums),
                            (archives.member(disk_name), vmdk)], file)

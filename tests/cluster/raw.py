"""Raw UDP over IPv4 between namespaces: sending in another's name, and seeing what passes."""
import socket
import struct
import time

ETH_P_ALL = 3
HEADERS = 28          # IPv4 and UDP
PACKET_OUTGOING = 4


class Spoofer:
    """Sends UDP datagrams with any source. Open it inside the attacker's namespace."""

    def __init__(self, device):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")

    def send(self, source, target, payload):
        """`source` and `target` are (address, port). Returns the bytes sent, headers included."""
        (source_ip, source_port), (target_ip, target_port) = source, target
        udp = struct.pack("!HHHH", source_port, target_port, 8 + len(payload), 0) + payload
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0,
                         socket.inet_aton(source_ip), socket.inet_aton(target_ip))
        self.sock.sendto(ip + udp, (target_ip, 0))
        return len(ip) + len(udp)


class Seen:
    """One UDP datagram that passed a tap."""

    def __init__(self, at, packet):
        header = (packet[0] & 15) * 4
        self.at = at
        self.source = socket.inet_ntoa(packet[12:16])
        self.target = socket.inet_ntoa(packet[16:20])
        self.source_port, self.target_port, size = struct.unpack_from("!HHH", packet, header)
        self.payload = packet[header + 8:header + size]

    def size(self):
        return HEADERS + len(self.payload)


class Tap:
    """Sees IPv4 UDP on a device. Open it inside the namespace; read it from anywhere."""

    def __init__(self, device, wants_own=True):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.sock.bind((device, ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.setblocking(False)
        self.wants_own = wants_own

    def drain(self):
        seen = []
        while True:
            try:
                packet, address = self.sock.recvfrom(2048)
            except BlockingIOError:
                return seen
            is_ipv4 = len(packet) > HEADERS and packet[0] >> 4 == 4
            is_wanted = self.wants_own or address[2] != PACKET_OUTGOING
            if is_ipv4 and packet[9] == socket.IPPROTO_UDP and is_wanted:
                seen.append(Seen(time.monotonic(), packet))

    def watch(self, seconds):
        """Drains often, so that the times of what is seen are right to some milliseconds."""
        seen = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            seen += self.drain()
            time.sleep(0.005)
        return seen

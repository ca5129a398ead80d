#include "client/command/diagnosis.h"

#include <algorithm>
#include <cmath>

#include "client/command/text.h"

namespace hearsay::client {
namespace {

// From here on a time service does not run.
constexpr double kClockWorthTelling = 1;
// What is older need not be so any more.
constexpr double kRecent = 60;
constexpr double kSecretRecent = 600;
// A handshake with a host whose beacon was heard takes milliseconds.
constexpr double kHeardLongEnough = 8;
// Seeds, beacons and remembered members lead somewhere by then.
constexpr double kAloneGrace = 10;
constexpr unsigned kIpv4Headers = 28;
constexpr int kSeedFailures = 2;

constexpr const char* kWatchPort = "sudo tcpdump -ni any udp port ";
constexpr const char* kReload = "sudo systemctl reload hearsay";
constexpr const char* kRestart = "sudo systemctl restart hearsay";
constexpr const char* kEdit = "sudoedit /etc/hearsay/hearsay.toml";

std::string text_of(const Json& object, const char* key) { return object[key].get<std::string>(); }
double number_of(const Json& object, const char* key) { return object[key].get<double>(); }
std::uint64_t count_of(const Json& object, const char* key) {
    return object[key].get<std::uint64_t>();
}
bool flag_of(const Json& object, const char* key) { return object[key].get<bool>(); }

std::string without_port(const std::string& address) {
    return address.substr(0, address.rfind(':'));
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

class Diagnosis {
public:
    Diagnosis(const Json& facts, const LocalFacts& local) : facts_(facts), local_(local) {}

    std::vector<Finding> run() {
        if (facts_["network"].is_null()) {
            network();
        } else {
            identity();
            firewall();
            interfaces();
            unanswered();
            multicast();
            strangers();
            clocks();
            seeds();
            nobody();
        }
        buffers();
        datagrams();
        state();
        return std::move(findings_);
    }

private:
    void add(std::string code, std::string text, std::vector<std::string> commands) {
        findings_.push_back({std::move(code), std::move(text), std::move(commands)});
    }

    bool is_alone() const { return !facts_["alone_for"].is_null(); }
    bool is_long_alone() const {
        return is_alone() && number_of(facts_, "alone_for") >= kAloneGrace;
    }
    std::string port() const { return std::to_string(count_of(facts_, "port")); }
    bool beacons_are_on() const { return flag_of(facts_["beacon"], "on"); }
    // Beacons come each interval, a fifth more or less; one may be lost.
    double silence_max() const { return 4 * number_of(facts_["beacon"], "interval") + 5; }

    const Device* device(const std::string& name) const {
        const auto found = std::find_if(local_.devices.begin(), local_.devices.end(),
                                        [&](const Device& d) { return d.name == name; });
        return found == local_.devices.end() ? nullptr : &*found;
    }

    void network() {
        add("no_network", "this host is in no network yet, so it talks to nobody",
            {"sudo hearsay network join          # with the token of an existing network",
             "sudo hearsay network create NAME   # on the first host"});
    }

    void identity() {
        if (facts_["duplicate"].is_null()) return;
        const bool is_known = facts_["duplicate"]["address"].is_string();
        const std::string where =
            is_known ? ", at " + text_of(facts_["duplicate"], "address") + "," : "";
        add("duplicate_identity",
            "another host" + where +
                " uses this host's identity, as after copying a disk image; give one of the two "
                "another one",
            {"sudo systemctl stop hearsay && sudo rm " + text_of(facts_, "state_dir") +
             "/identity && sudo systemctl start hearsay"});
    }

    void firewall() {
        for (const FirewallBlock& block : local_.blocks)
            add("port_blocked",
                block.is_by_policy
                    ? "the packet filter of this host lets nothing in to UDP port " + port() +
                          ": the policy of the chain " + block.chain + " is drop"
                    : "the packet filter of this host drops what comes to UDP port " + port() +
                          ": rule " + std::to_string(block.handle) + " of the chain " +
                          block.chain,
                {"sudo nft insert rule " + block.chain + " udp dport " + port() + " accept",
                 "sudo ufw allow hearsay   # where ufw looks after the filter"});
    }

    void interfaces() {
        if (!beacons_are_on()) return;
        const Json& chosen = facts_["beacon"]["chosen"];
        for (const Json& name : chosen) chosen_interface(name.get<std::string>());
        if (chosen.empty()) any_interface();
        if (const std::string problem = text_of(facts_["beacon"], "problem"); !problem.empty())
            add("beacons_fail", problem, {"ip -brief address", kRestart});
    }

    void chosen_interface(const std::string& name) {
        const Device* const found = device(name);
        if (found == nullptr) {
            std::vector<std::string> names;
            for (const Device& other : local_.devices) names.push_back(other.name);
            add("no_interface",
                "beacons are to use the interface " + name + " (discovery.interfaces), which does "
                "not exist; there are " + joined(names),
                {kEdit, kReload});
            return;
        }
        if (unusable(*found)) return;
        const Json& known = facts_["interfaces"];
        if (std::none_of(known.begin(), known.end(),
                         [&](const Json& entry) { return text_of(entry, "name") == name; }))
            add("interface_down", "the interface " + name + " has no address",
                {"ip -brief address show dev " + name,
                 "sudo ip address add 192.0.2.1/24 dev " + name + "   # one that fits"});
    }

    // Adds what is wrong with an interface that beacons should use.
    bool unusable(const Device& found) {
        if (!found.is_up)
            add("interface_down", "the interface " + found.name + " is down",
                {"sudo ip link set dev " + found.name + " up"});
        else if (!found.has_carrier)
            add("interface_down",
                "the interface " + found.name + " has no carrier: no cable, or not associated",
                {"ip link show dev " + found.name});
        else if (!found.can_multicast && !found.is_loopback)
            add("no_multicast",
                "the interface " + found.name + " is not set to multicast, which beacons need",
                {"sudo ip link set dev " + found.name + " multicast on"});
        else
            return false;
        return true;
    }

    void any_interface() {
        const Json& known = facts_["interfaces"];
        if (std::any_of(known.begin(), known.end(),
                        [](const Json& entry) { return flag_of(entry, "beacons"); }))
            return;
        bool is_explained = false;
        for (const Device& each : local_.devices)
            if (!each.is_loopback) is_explained |= unusable(each);
        if (!is_explained)
            add("no_interface",
                "no interface of this host carries beacons: none is up, has an address and can "
                "multicast",
                {"ip -brief address", "hearsay connect HOST"});
    }

    // Beacons come in, but no handshake succeeds.
    void unanswered() {
        for (const Json& heard : facts_["heard"]) {
            if (flag_of(heard, "linked") || flag_of(heard, "alive")) continue;
            if (number_of(heard, "for") < kHeardLongEnough) continue;
            if (number_of(heard, "age") > silence_max()) continue;
            const std::string address = text_of(heard, "address");
            add("port_blocked",
                "beacons of " + address + " are heard, but it does not answer: UDP port " +
                    port() + " is blocked there, here, or on the way",
                {"sudo ufw allow hearsay   # there and here; or, with nftables alone:",
                 "sudo nft insert rule inet filter input udp dport " + port() + " accept",
                 kWatchPort + port() + " and host " + without_port(address)});
        }
    }

    // Neighbours on the same wire whose beacons do not come.
    void multicast() {
        if (!beacons_are_on()) return;
        for (const Json& interface : facts_["interfaces"]) {
            if (!flag_of(interface, "beacons")) continue;
            const Json& last = interface["last_heard"];
            if (!last.is_null() && last.get<double>() <= silence_max()) continue;
            const std::string name = text_of(interface, "name");
            const Json& links = facts_["links"];
            const auto there = std::find_if(links.begin(), links.end(), [&](const Json& link) {
                return !link["interface"].is_null() && text_of(link, "interface") == name &&
                       number_of(link, "age") > silence_max();
            });
            if (there == links.end() || was_told(name)) continue;
            add("multicast_blocked",
                "the link to " + text_of(*there, "address") + " runs over " + name +
                    ", but no beacon was heard there" +
                    (last.is_null() ? "" : " for " + age_text(last.get<double>())) +
                    ": multicast does not pass (a switch with IGMP snooping and no querier, "
                    "Wi-Fi client isolation, a packet filter), or beacons are off at the others; "
                    "hosts that start find nobody this way",
                {"sudo tcpdump -ni " + name + " udp port 4327 and multicast",
                 "sudo nft insert rule inet filter input ip daddr 239.255.43.27 accept",
                 "hearsay network join --seed " + text_of(*there, "address") +
                     "   # on hosts that find nobody"});
            told_.push_back(name);
        }
    }

    // An interface with several addresses has several entries.
    bool was_told(const std::string& name) const {
        return std::find(told_.begin(), told_.end(), name) != told_.end();
    }

    void strangers() {
        const Json& away = facts_["turned_away"];
        if (const Json& other = away["wrong_network"];
            !other.is_null() && is_long_alone() && number_of(other, "age") < kRecent)
            add("wrong_network",
                "nobody of the network " + text_of(facts_["network"], "name") + " is heard, but " +
                    text_of(other, "address") +
                    " is in another one; networks of one name may still be two",
                {"hearsay network show         # on both hosts",
                 "sudo hearsay network token   # on a host that is in the right one",
                 "sudo hearsay network leave && sudo hearsay network join   # on the other"});
        if (const Json& other = away["wrong_secret"];
            !other.is_null() && number_of(other, "age") < kSecretRecent)
            add("wrong_secret",
                text_of(other, "address") + " speaks for this network, but under another secret: "
                "it was changed there or here only",
                {"sudo hearsay network token   # on a host with the new secret",
                 "sudo hearsay network join    # on the other, with that token"});
        if (const Json& other = away["no_common_codec"];
            !other.is_null() && number_of(other, "age") < kSecretRecent)
            add("no_common_codec",
                text_of(other, "address") + " is of this network, but there can be no link with "
                "it: it reads the codec " + text_of(facts_["codecs"], "theirs") +
                    ", this host " + text_of(facts_["codecs"], "ours"),
                {"hearsay config show wire.codecs   # on both hosts: one name in common is needed",
                 kEdit});
    }

    void clocks() {
        const Json& offset = facts_["clock"]["offset"];
        if (!offset.is_null() && std::abs(offset.get<double>()) >= kClockWorthTelling) {
            const double seconds = offset.get<double>();
            const bool is_beyond = std::abs(seconds) > number_of(facts_["clock"], "skew_max");
            add("clock",
                "this host's clock is " + age_text(std::abs(seconds)) +
                    (seconds > 0 ? " behind" : " ahead of") + " its neighbours'" +
                    (is_beyond ? ", so far that nothing can be published here" : ""),
                {"sudo timedatectl set-ntp true", "timedatectl"});
            return;  // those who are right look wrong from here
        }
        const Json& other = facts_["turned_away"]["wrong_clock"];
        if (other.is_null() || number_of(other, "age") > kRecent) return;
        const double seconds = number_of(other, "offset");
        add("clock",
            "the clock of " + text_of(other, "address") + " is " + age_text(std::abs(seconds)) +
                (seconds > 0 ? " ahead of" : " behind") +
                " this host's, so its beacons are not believed",
            {"timedatectl   # on both hosts", "sudo timedatectl set-ntp true   # where it is off"});
    }

    void seeds() {
        for (const Json& seed : facts_["seeds"]) {
            const std::string host = text_of(seed, "host");
            const std::string name = without_port(host);
            if (seed["addresses"].empty())
                add("seed_unknown", "no address is known for the seed " + name,
                    {"getent hosts " + name, kEdit});
            else if (!flag_of(seed, "linked") && seed["failures"].get<int>() >= kSeedFailures)
                add("seed_silent",
                    "the seed " + host + " does not answer: no hearsayd runs there in this "
                    "network, or UDP port " + port() + " is blocked there or on the way",
                    {"sudo hearsay doctor   # on " + name, "ping -c 3 " + name,
                     kWatchPort + port() + "   # on both hosts"});
        }
    }

    void nobody() {
        if (!is_long_alone()) return;
        if (!beacons_are_on() && facts_["seeds"].empty() && facts_["scan"].is_null())
            add("no_way", "beacons are off and no seed is known, so this host finds nobody",
                {"hearsay connect HOST", kEdit + std::string("   # discovery.beacon or seeds")});
        if (findings_.empty())
            add("alone",
                "no other host of the network " + text_of(facts_["network"], "name") +
                    " was heard for " + age_text(number_of(facts_, "alone_for")),
                {"sudo hearsay doctor    # on another host",
                 "hearsay connect HOST   # a host on another subnet",
                 kWatchPort + port()});
    }

    void buffers() {
        const Json& buffer = facts_["receive_buffer"];
        const std::uint64_t wanted = count_of(buffer, "wanted");
        if (count_of(buffer, "granted") < wanted) {
            const auto most = local_.receive_buffer_max;
            add("receive_buffer",
                "the receive buffer has " + bytes_text(number_of(buffer, "granted")) + " of " +
                    bytes_text(number_of(buffer, "wanted")) + ", bursts may be lost" +
                    (most ? "; net.core.rmem_max is " + std::to_string(*most) : ""),
                {"sudo sysctl -w net.core.rmem_max=" + std::to_string(wanted) + " && " + kRestart});
        }
        if (const std::uint64_t dropped = count_of(buffer, "dropped_lately"); dropped > 0)
            add("drops",
                "the kernel dropped " + std::to_string(dropped) +
                    " datagrams in the last minute: the host is overloaded, or the receive buffer "
                    "too small",
                {"top", kEdit + std::string("   # listen.receive_buffer")});
    }

    void datagrams() {
        const auto size = static_cast<unsigned>(count_of(facts_, "datagram_size"));
        for (const Device& each : local_.devices) {
            const Json& known = facts_["interfaces"];
            const bool is_used = std::any_of(known.begin(), known.end(), [&](const Json& entry) {
                return text_of(entry, "name") == each.name;
            });
            if (!is_used || each.mtu == 0 || each.mtu >= size + kIpv4Headers) continue;
            add("mtu",
                "the interface " + each.name + " carries packets of " + std::to_string(each.mtu) +
                    " bytes, datagrams have up to " + std::to_string(size + kIpv4Headers) +
                    " with their headers and are lost",
                {"sudo ip link set dev " + each.name + " mtu 1500"});
        }
    }

    void state() {
        const std::string problem = text_of(facts_, "disk_problem");
        if (problem.empty()) return;
        const std::string folder = text_of(facts_, "state_dir");
        add("disk", problem, {"df " + folder, "ls -ld " + folder});
    }

    const Json& facts_;
    const LocalFacts& local_;
    std::vector<Finding> findings_;
    std::vector<std::string> told_;
};

}  // namespace

std::vector<Finding> diagnose(const Json& facts, const LocalFacts& local) {
    return Diagnosis(facts, local).run();
}

}  // namespace hearsay::client

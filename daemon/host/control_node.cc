// Apart from control.cc so that the API's tests need no node.
#include "daemon/host/api_node.h"
#include "daemon/host/control.h"

namespace hearsay::host {

Control::Control(Loop& loop, Node& node, const config::Config& config, Warn warn)
    : Control(loop, std::make_unique<ApiNode>(node), config, std::move(warn)) {
    node.on_delivery = [this](const gossip::Delivery& delivery) { handle_delivery(delivery); };
    node.on_event = [this](const gossip::Event& event) { handle_event(event); };
    node.on_room = [this] { handle_room(); };
}

}  // namespace hearsay::host

#pragma once

namespace CLI {
class App;
}

namespace hearsay::client {

struct Globals;

// Each adds its verbs to the command. `globals` outlives the parsing.
void add_status(CLI::App& app, Globals& globals);
void add_members(CLI::App& app, Globals& globals);  // members, links
void add_publish(CLI::App& app, Globals& globals);
void add_subscribe(CLI::App& app, Globals& globals);  // subscribe, events
void add_network(CLI::App& app, Globals& globals);
void add_config(CLI::App& app, Globals& globals);    // config, reload
void add_tags(CLI::App& app, Globals& globals);
void add_ping(CLI::App& app, Globals& globals);
void add_top(CLI::App& app, Globals& globals);
void add_control(CLI::App& app, Globals& globals);   // connect, disconnect, key, leave, version
void add_doctor(CLI::App& app, Globals& globals);
void add_watch(CLI::App& app, Globals& globals);     // wait, check
void add_complete(CLI::App& app, Globals& globals);  // hidden: names for the shells

}  // namespace hearsay::client

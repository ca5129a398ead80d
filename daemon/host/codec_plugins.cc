#include "daemon/host/codec_plugins.h"

#include <sys/stat.h>
#include <uv.h>

#include <cerrno>
#include <cstring>

#include "daemon/host/log.h"
#include "daemon/host/startup_error.h"
#include "wire/codec_check.h"
#include "wire/codec_guard.h"
#include "wire/codec_plugin.h"

namespace hearsay::host {
namespace {

constexpr std::size_t kNameSizeMax = 32;  // what wire.codecs takes

// By id, from 1: those of this tree, whether they are loaded or not (docs/PROTOCOL.md 17).
constexpr std::array<std::string_view, 2> kPublicNames{"flatbuffers", "protobuf"};

// Whoever can write the file runs as this daemon.
std::string file_problem(const std::string& path) {
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0)
        return errno == ENOENT ? "there is no such file"
                               : std::string("cannot be read: ") + std::strerror(errno);
    if (!S_ISREG(facts.st_mode)) return "is no file but a folder or a device";
    if ((facts.st_mode & S_IWOTH) != 0)
        return "every user of this host can replace it; take that right away (`chmod o-w`)";
    return {};
}

// The linker's own words begin with the path, which is told already.
std::string without_path(std::string text, const std::string& path) {
    if (text.starts_with(path + ": ")) text.erase(0, path.size() + 2);
    return text;
}

const wire::CodecPlugin* find_plugin(uv_lib_t& library, const std::string& path,
                                     std::string& problem) {
    if (uv_dlopen(path.c_str(), &library) != 0) {
        problem = "cannot be loaded as a shared object: " +
                  without_path(uv_dlerror(&library), path);
        return nullptr;
    }
    void* symbol = nullptr;
    if (uv_dlsym(&library, wire::kCodecPluginSymbol, &symbol) != 0 || symbol == nullptr) {
        problem = std::string("is no codec of hearsay: it has no symbol ") +
                  wire::kCodecPluginSymbol;
        return nullptr;
    }
    return static_cast<const wire::CodecPlugin*>(symbol);
}

std::string version_problem(const wire::CodecPlugin& plugin) {
    if (plugin.abi != wire::kCodecAbi)
        return "was built for edition " + std::to_string(plugin.abi) +
               " of the codec interface, this hearsayd has edition " +
               std::to_string(wire::kCodecAbi) + ": build it again with this version's headers";
    if (plugin.layout != wire::frame_layout() || plugin.make == nullptr)
        return "was built with other headers or another compiler than this hearsayd, whose frames "
               "lie otherwise in memory: build it again with this version's libhearsay-dev";
    return {};
}

bool is_codec_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameSizeMax &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == name.npos;
}

std::string self_test_problem(wire::Codec& codec) {
    const std::vector<std::string> wrong =
        wire::check_codec(codec, {.seed = 1, .is_quick = true});
    if (wrong.empty()) return {};
    const std::string more =
        wrong.size() == 1 ? "" : " (and " + std::to_string(wrong.size() - 1) + " more)";
    return "failed its self-test, " + wrong.front() + more +
           "; `hearsay-codec-check` tells all of it";
}

[[noreturn]] void refuse(const std::string& what) { throw StartupError(kExitConfig, what); }

struct Loaded {
    std::unique_ptr<wire::Codec> codec;  // gone once it is chosen
    std::string path;                    // empty: built in
    wire::CodecId id;
    std::string name;

    std::string source() const { return path.empty() ? "is built in" : "comes from " + path; }
};

void take(std::vector<Loaded>& all, std::unique_ptr<wire::Codec> codec, const std::string& path) {
    Loaded one{nullptr, path, codec->id(), std::string(codec->name())};
    for (const Loaded& other : all) {
        if (one.id == other.id)
            refuse("wire.plugins: " + path + ": its codec " + one.name + " has the id " +
                   std::to_string(one.id) + ", as " + other.name + " has, which " +
                   other.source());
        if (one.name == other.name)
            refuse("wire.plugins: " + path + ": its codec is called " + one.name +
                   ", as another is, which " + other.source());
    }
    one.codec = std::move(codec);
    all.push_back(std::move(one));
}

std::vector<Loaded> load_all(const std::vector<std::string>& paths) {
    std::vector<Loaded> all;
    take(all, wire::make_flatbuffers_codec(), "");
    for (const std::string& path : paths) {
        std::string problem;
        std::unique_ptr<wire::Codec> codec = load_codec(path, problem);
        if (!codec) refuse("wire.plugins: " + path + ": " + problem);
        take(all, std::move(codec), path);
    }
    return all;
}

std::string names_of(const std::vector<Loaded>& all) {
    std::string names;
    for (const Loaded& one : all) names += (names.empty() ? "" : ", ") + one.name;
    return names;
}

}  // namespace

std::unique_ptr<wire::Codec> open_codec(const std::string& path, std::string& problem) {
    problem = file_problem(path);
    if (!problem.empty()) return nullptr;
    uv_lib_t library{};
    const wire::CodecPlugin* plugin = find_plugin(library, path, problem);
    if (plugin != nullptr) problem = version_problem(*plugin);
    if (!problem.empty()) {
        uv_dlclose(&library);  // frees the error text too
        return nullptr;
    }
    std::unique_ptr<wire::Codec> codec(plugin->make());
    if (codec == nullptr) problem = "makes no codec";
    return codec;
}

std::unique_ptr<wire::Codec> load_codec(const std::string& path, std::string& problem) {
    std::unique_ptr<wire::Codec> codec = open_codec(path, problem);
    if (codec == nullptr) return nullptr;
    if (!is_codec_name(codec->name()))
        problem = "has a codec without a proper name; 1 to 32 of a-z 0-9 . _ -";
    else
        problem = self_test_problem(*codec);
    return problem.empty() ? wire::guard(std::move(codec)) : nullptr;
}

std::string codec_names(std::span<const wire::CodecId> ids, const wire::CodecRegistry& ours) {
    std::string names;
    for (const wire::CodecId id : ids) {
        if (!names.empty()) names += ", ";
        if (const wire::Codec* codec = ours.find(id))
            names += codec->name();
        else if (id <= kPublicNames.size() && id > 0)
            names += kPublicNames[id - 1];
        else
            names += "number " + std::to_string(id);
    }
    return names;
}

std::string codec_names(const wire::CodecRegistry& ours) {
    std::string names;
    for (const auto& codec : ours.all())
        names += (names.empty() ? "" : ", ") + std::string(codec->name());
    return names;
}

wire::CodecRegistry make_codecs(const config::Wire& wire, Log& log) {
    std::vector<Loaded> all = load_all(wire.plugins);
    wire::CodecRegistry registry;
    for (const std::string& name : wire.codecs) {
        const auto found = std::find_if(all.begin(), all.end(), [&](const Loaded& one) {
            return one.name == name;
        });
        if (found == all.end())
            refuse("wire.codecs: there is no codec " + name + "; there are: " + names_of(all) +
                   (wire.plugins.empty() ? " (others come with wire.plugins)" : ""));
        if (found->codec == nullptr || !registry.add(std::move(found->codec)))
            refuse("wire.codecs: " + name + " stands twice; each entry once");
    }
    for (const Loaded& one : all)
        if (one.codec && !one.path.empty())
            log.warning("", "wire.plugins: " + one.path + " is loaded, but wire.codecs does not "
                            "name its codec " + one.name + ", so no neighbour is offered it");
    return registry;
}

}  // namespace hearsay::host

#include "config/load.h"

#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "config/assign.h"
#include "config/keys.h"
#include "config/read_files.h"
#include "config/suggest.h"
#include "config/toml_text.h"
#include "config/validate.h"

namespace hearsay::config {
namespace {

// toml++ destroys nested tables by recursion, and each dot may nest one deeper: 130,000 overflow
// a stack of 8 MiB. The longest list of seeds has under 1,000 dots.
constexpr std::ptrdiff_t kDotsMax = 4096;

// More keys given twice than this are not told apart: each costs another reading of the text.
constexpr unsigned kRepeatsMax = 16;

// No key of ours takes a list of lists; deeper values are not looked at.
constexpr unsigned kDepthMax = 2;

Value value_of(const toml::node& node, unsigned depth = 0) {
    Value value;
    value.line = node.source().begin.line;
    value.column = node.source().begin.column;
    if (const auto* text = node.as_string()) {
        value.type = ValueType::string;
        value.text = text->get();
    } else if (const auto* integer = node.as_integer()) {
        value.type = ValueType::integer;
        value.integer = integer->get();
    } else if (const auto* flag = node.as_boolean()) {
        value.type = ValueType::boolean;
        value.flag = flag->get();
    } else if (node.is_floating_point()) {
        value.type = ValueType::decimal;
    } else if (const auto* list = node.as_array()) {
        value.type = ValueType::list;
        if (depth == kDepthMax) return value;
        for (const toml::node& item : *list) value.items.push_back(value_of(item, depth + 1));
    } else if (const auto* table = node.as_table()) {
        value.type = ValueType::table;
        if (depth == kDepthMax) return value;
        for (const auto& [key, item] : *table) {
            value.items.push_back(value_of(item, depth + 1));
            value.items.back().name = key.str();
        }
    }
    return value;
}

// A key as a message may show it, whatever stands between its quotes.
std::string shown(std::string_view key) {
    const bool is_plain = key.size() <= 64 && toml_key(key) == key;
    return is_plain ? std::string(key) : quoted(key);
}

std::string joined(const std::vector<std::string_view>& words) {
    std::string text;
    for (const std::string_view word : words)
        text += (text.empty() ? "" : ", ") + std::string(word);
    return text;
}

// The key of that name in whatever section.
const Key* find_anywhere(std::string_view name) {
    const auto found = std::ranges::find(keys(), name, &Key::name);
    return found == keys().end() ? nullptr : &*found;
}

std::string unknown_section_text(std::string_view name) {
    if (const Key* key = find_anywhere(name))
        return "no section; a key stands below the line of its section (did you mean \"" +
               key->path() + "\"?)";
    return "unknown section; sections are " + joined(sections()) + did_you_mean(name, sections());
}

std::string unknown_key_text(std::string_view section, std::string_view name) {
    const auto names = names_in(section);
    std::string text = "unknown key; [" + std::string(section) + "] has " + joined(names);
    if (closest(name, names)) return text + did_you_mean(name, names);
    const Key* elsewhere = find_anywhere(name);
    return elsewhere ? text + " (did you mean \"" + elsewhere->path() + "\"?)" : text;
}

// Line `number` of a text, from 1, without its end.
std::string_view line_of(std::string_view text, unsigned number) {
    for (; number > 1; --number) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    return text.substr(0, text.find('\n'));
}

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

// The words of the library within a sentence of ours, on one line.
std::string plain(std::string_view words) {
    constexpr std::string_view kFirst = "Error ";
    if (words.starts_with(kFirst)) words.remove_prefix(kFirst.size());
    std::string text;
    for (const char c : words) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z')
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return text;
}

// The commonest mistake of all is a value without its quotes: lifetime = 5s.
std::string quotes_hint(std::string_view line) {
    const std::size_t equals = std::min(line.find('='), line.size());
    std::string_view value = line.substr(equals);
    value.remove_prefix(value.empty() ? 0 : 1);
    value = trimmed(value.substr(0, value.find('#')));
    if (value.empty() || value.find_first_of("\"'[]{}=,") != value.npos) return {};
    return " (did you mean " + quoted(value) + ", in quotes?)";
}

void blank(std::string& text, unsigned number) {
    const std::string_view line = line_of(text, number);
    std::fill_n(text.begin() + (line.data() - text.data()), line.size(), ' ');
}

// "section." for the section in which the line stands; empty before the first.
std::string section_at(std::string_view text, unsigned number) {
    std::string_view section;
    for (unsigned line = 1; line < number; ++line) {
        const std::size_t end = text.find('\n');
        const std::string_view header = trimmed(text.substr(0, end));
        if (header.starts_with('[') && header.find(']') != header.npos)
            section = trimmed(header.substr(1, header.find(']') - 1));
        text.remove_prefix(end + 1);  // there is one: a line follows
    }
    return section.empty() ? "" : shown(section) + ".";
}

struct Place {
    std::size_t file = 0;  // index into Loaded::files
    unsigned line = 0;
    unsigned column = 0;
};

class Loading {
public:
    void add(const std::string& file, std::string_view text) {
        loaded_.files.push_back(file);
        if (std::ranges::count(text, '.') > kDotsMax)
            return report(0, 0, "", "has more than 4096 dots; no configuration nests so deep");
        if (const auto root = parse(std::string(text))) read(*root);
    }

    void add_problem(Problem problem) { loaded_.problems.push_back(std::move(problem)); }

    Loaded finish() {
        cross_check();
        std::ranges::stable_sort(loaded_.problems, {}, [this](const Problem& problem) {
            const auto file = std::ranges::find(loaded_.files, problem.file);
            return std::tuple(file - loaded_.files.begin(), problem.line, problem.column);
        });
        return std::move(loaded_);
    }

private:
    // A key given twice is the one mistake after which the rest still means what it says: its
    // second line is blanked and the text read again. After any other nothing is certain.
    std::optional<toml::table> parse(std::string text) {
        unsigned last_blanked = 0;
        for (unsigned repeats = 0;; ++repeats) {
            try {
                return toml::parse(text, file());
            } catch (const toml::parse_error& error) {  // the library is built to throw
                const unsigned line = error.source().begin.line;
                // The rest of a value of which the first line was blanked.
                const bool is_remainder = repeats != 0 && line == last_blanked + 1;
                if (is_remainder && !is_repeat(error)) return std::nullopt;
                if (!is_repeat(error) || repeats == kRepeatsMax || is_header(text, line)) {
                    report_syntax(text, error);
                    return std::nullopt;
                }
                report_repeat(text, line);
                blank(text, line);
                last_blanked = line;
            }
        }
    }

    static bool is_repeat(const toml::parse_error& error) {
        return error.description().find("cannot redefine") != std::string_view::npos;
    }

    static bool is_header(std::string_view text, unsigned line) {
        return trimmed(line_of(text, line)).starts_with('[');
    }

    void report_syntax(std::string_view text, const toml::parse_error& error) {
        const toml::source_position at = error.source().begin;
        report(at.line, at.column, "",
               "not TOML: " + plain(error.description()) +
                   "; the rest of this file was not checked" + quotes_hint(line_of(text, at.line)));
    }

    void report_repeat(std::string_view text, unsigned line) {
        const std::string_view here = line_of(text, line);
        const std::string_view name = trimmed(here.substr(0, here.find('=')));
        const std::size_t indent = here.find_first_not_of(" \t");
        report(line, static_cast<unsigned>(indent + 1), section_at(text, line) + shown(name),
               "given twice in this file; each key once");
    }

    void read(const toml::table& root) {
        for (const auto& [key, node] : root) {
            const toml::source_position at = key.source().begin;
            const std::string name(key.str());
            if (names_in(name).empty())
                report(at.line, at.column, shown(name), unknown_section_text(name));
            else if (const toml::table* section = node.as_table())
                read_section(name, *section);
            else
                report(at.line, at.column, name,
                       "expected a section, found " + describe(value_of(node)) +
                           "; it begins with the line [" + name + "]");
        }
    }

    void read_section(const std::string& section, const toml::table& table) {
        for (const auto& [name, node] : table) {
            const Key* key = find_key(section, name.str());
            if (key == nullptr) {
                const toml::source_position at = name.source().begin;
                report(at.line, at.column, section + "." + shown(name.str()),
                       unknown_key_text(section, name.str()));
                continue;
            }
            const Value value = value_of(node);
            if (assign(*key, value, file(), loaded_.config, loaded_.problems))
                remember(*key, value);
        }
    }

    // Remembers where a value and its parts stand, for what validate() will say of them.
    void remember(const Key& key, const Value& value) {
        const std::size_t index = loaded_.files.size() - 1;
        places_[key.path()] = {index, value.line, value.column};
        std::size_t count = 0;
        for (const Value& item : value.items) {
            if (item.type != ValueType::string) continue;  // refused, so not in the field
            const std::string part = value.type == ValueType::table
                                         ? "." + item.name
                                         : "[" + std::to_string(count++) + "]";
            places_[key.path() + part] = {index, item.line, item.column};
        }
    }

    // A key that has a problem already kept another value, so what that contradicts is no news.
    void cross_check() {
        std::set<std::string> faulty;
        for (const Problem& problem : loaded_.problems) faulty.insert(problem.key);
        for (const Violation& violation : validate(loaded_.config)) {
            if (!violation.related.empty() &&
                (faulty.contains(violation.key) || faulty.contains(violation.related)))
                continue;
            Problem problem{"", 0, 0, violation.key, violation.what};
            for (const std::string& path :
                 {violation.key + violation.element, violation.key, violation.related}) {
                const auto place = places_.find(path);
                if (place == places_.end()) continue;
                problem.file = loaded_.files[place->second.file];
                problem.line = place->second.line;
                problem.column = place->second.column;
                break;
            }
            loaded_.problems.push_back(problem);
        }
    }

    const std::string& file() const { return loaded_.files.back(); }

    void report(unsigned line, unsigned column, std::string key, std::string what) {
        loaded_.problems.push_back({file(), line, column, std::move(key), std::move(what)});
    }

    Loaded loaded_;
    std::map<std::string, Place> places_;
};

}  // namespace

Loaded load_text(std::string_view text, std::string_view file_name) {
    Loading loading;
    loading.add(std::string(file_name), text);
    return loading.finish();
}

Loaded load_files(const std::string& main_file, MainFile need) {
    Loading loading;
    for (const FileText& file : read_files(main_file, need)) {
        if (file.error.empty())
            loading.add(file.name, file.text);
        else
            loading.add_problem({file.name, 0, 0, "", file.error});
    }
    return loading.finish();
}

}  // namespace hearsay::config

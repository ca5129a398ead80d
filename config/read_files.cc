#include "config/read_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

namespace hearsay::config {
namespace {

namespace fs = std::filesystem;

std::string words_of(int error) { return std::generic_category().message(error); }

FileText read_file(const std::string& name) {
    FileText file{name, "", ""};
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(name.c_str(), "rbe"),
                                                                 std::fclose);
    if (stream == nullptr) {
        file.error = "cannot be read: " + words_of(errno);
        return file;
    }
    file.text.resize(kFileSizeMax + 1);
    file.text.resize(std::fread(file.text.data(), 1, file.text.size(), stream.get()));
    if (std::ferror(stream.get()) != 0)
        file.error = "cannot be read: " + words_of(errno);
    else if (file.text.size() > kFileSizeMax)
        file.error = "is too large; at most 256KiB";
    if (!file.error.empty()) file.text.clear();
    return file;
}

fs::path directory_beside(const std::string& main_file) {
    return fs::path(main_file).parent_path() / "conf.d";
}

bool is_toml(const std::string& name) { return name.ends_with(".toml"); }

// All but the hidden ones, by name.
std::vector<std::string> list(const fs::path& directory, std::error_code& error) {
    std::vector<std::string> names;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error))
        if (!entry->path().filename().native().starts_with('.'))
            names.push_back(entry->path().native());
    std::ranges::sort(names);
    return names;
}

void add_directory(const fs::path& directory, std::vector<FileText>& files) {
    std::error_code error;
    const std::vector<std::string> names = list(directory, error);
    if (error && error != std::errc::no_such_file_or_directory)
        files.push_back({directory.native(), "", "cannot be read: " + error.message()});
    for (const std::string& name : names)
        if (is_toml(name)) files.push_back(read_file(name));
}

bool is_there(const std::string& name) {
    std::error_code error;
    return fs::symlink_status(name, error).type() != fs::file_type::not_found;
}

}  // namespace

std::vector<FileText> read_files(const std::string& main_file, MainFile need) {
    std::vector<FileText> files;
    if (need == MainFile::required || is_there(main_file)) files.push_back(read_file(main_file));
    add_directory(directory_beside(main_file), files);
    return files;
}

std::vector<std::string> files_left_out(const std::string& main_file) {
    std::error_code unreadable;  // load_files() tells
    std::vector<std::string> names = list(directory_beside(main_file), unreadable);
    std::erase_if(names, is_toml);
    return names;
}

}  // namespace hearsay::config

# fish completion for hearsay. Topics and members come from the running daemon.

function __hearsay_verb_is
    set -l words (commandline -opc)
    set -e words[1]
    set -l seen
    set -l skip 0
    for word in $words
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --socket --color
                set skip 1
            case '-*'
            case '*'
                set -a seen $word
        end
    end
    if test (count $argv) -eq 0
        test (count $seen) -eq 0
        return
    end
    for i in (seq (count $argv))
        test (count $seen) -ge $i; and test $seen[$i] = $argv[$i]; or return 1
    end
end

function __hearsay_ask
    set -l words (commandline -opc)
    set -l at (contains -i -- --socket $words)
    and hearsay complete $argv[1] --socket $words[(math $at + 1)] 2>/dev/null
    or hearsay complete $argv[1] 2>/dev/null
end

complete -c hearsay -f
complete -c hearsay -l socket -r -F -d 'Socket of the daemon'
complete -c hearsay -l color -x -a 'auto always never' -d 'When to use colour'
complete -c hearsay -n __hearsay_verb_is -l version -d 'Print the version'
complete -c hearsay -l help -d 'Print help'

complete -c hearsay -n __hearsay_verb_is -a status -d 'This host: network, links, rates, health'
complete -c hearsay -n __hearsay_verb_is -a doctor -d 'Why hosts do not find each other'
complete -c hearsay -n __hearsay_verb_is -a members -d 'Who is in the network'
complete -c hearsay -n __hearsay_verb_is -a links -d 'The neighbours this host talks to directly'
complete -c hearsay -n __hearsay_verb_is -a ping -d 'Measure the round trip to a member'
complete -c hearsay -n __hearsay_verb_is -a tags -d 'Show, set and remove the tags of this host'
complete -c hearsay -n __hearsay_verb_is -a connect -d 'Dial a host by its address'
complete -c hearsay -n __hearsay_verb_is -a disconnect -d 'Close the link to a member'
complete -c hearsay -n __hearsay_verb_is -a publish -d 'Send a message to every member'
complete -c hearsay -n __hearsay_verb_is -a subscribe -d 'Show messages as they come'
complete -c hearsay -n __hearsay_verb_is -a events -d 'Show joins, failures and links'
complete -c hearsay -n __hearsay_verb_is -a top -d 'Rates by topic and link, and what is refused'
complete -c hearsay -n __hearsay_verb_is -a key -d 'The identity of this host'
complete -c hearsay -n __hearsay_verb_is -a network -d 'Create, join and look after the network'
complete -c hearsay -n __hearsay_verb_is -a config -d 'Check and show the configuration'
complete -c hearsay -n __hearsay_verb_is -a wait -d 'Wait until enough members are alive'
complete -c hearsay -n __hearsay_verb_is -a check -d 'One line for monitoring'
complete -c hearsay -n __hearsay_verb_is -a reload -d 'Let the daemon read its files again'
complete -c hearsay -n __hearsay_verb_is -a leave -d 'Say goodbye and stop the daemon'
complete -c hearsay -n __hearsay_verb_is -a version -d 'Of this command and of the daemon'

for verb in status doctor members links ping tags publish subscribe events top key reload version check
    complete -c hearsay -n "__hearsay_verb_is $verb" -l json -d 'JSON, for programs'
end
complete -c hearsay -n '__hearsay_verb_is members' -l watch -d 'Keep showing them'
complete -c hearsay -n '__hearsay_verb_is ping' -a '(__hearsay_ask members)'
complete -c hearsay -n '__hearsay_verb_is ping' -l count -x -d 'How many times'
complete -c hearsay -n '__hearsay_verb_is ping' -l interval -x -a '100ms 1s'
complete -c hearsay -n '__hearsay_verb_is top' -l interval -x -a '1s 5s'
complete -c hearsay -n '__hearsay_verb_is top' -l count -x -d 'End after so many views'
complete -c hearsay -n '__hearsay_verb_is tags' -a 'set remove'
complete -c hearsay -n '__hearsay_verb_is tags remove' -a '(__hearsay_ask tags)' -d Tag
complete -c hearsay -n '__hearsay_verb_is connect' -a '(__fish_print_hostnames)'
complete -c hearsay -n '__hearsay_verb_is disconnect' -a '(__hearsay_ask neighbours)'
complete -c hearsay -n '__hearsay_verb_is publish' -a '(__hearsay_ask topics)' -d Topic
complete -c hearsay -n '__hearsay_verb_is publish' -l lines -d 'One message for each line of input'
complete -c hearsay -n '__hearsay_verb_is publish' -l lifetime -x -a '10s 1min 1h'
complete -c hearsay -n '__hearsay_verb_is publish' -l no-wait -d 'Be refused at once without room'
complete -c hearsay -n '__hearsay_verb_is subscribe' -a '(__hearsay_ask topics)' -d Topic
complete -c hearsay -n '__hearsay_verb_is subscribe' -l raw -d 'Payloads as they are'
complete -c hearsay -n '__hearsay_verb_is subscribe' -l lines -d 'Payloads, each ended by a newline'
for verb in subscribe events
    complete -c hearsay -n "__hearsay_verb_is $verb" -l count -x -d 'End after so many'
    complete -c hearsay -n "__hearsay_verb_is $verb" -l timeout -x -a '5s 10s 30s 1min'
    complete -c hearsay -n "__hearsay_verb_is $verb" -l exec -x -a '(__fish_complete_command)' -d 'Run this for each, without a shell'
    complete -c hearsay -n "__hearsay_verb_is $verb" -l exec-jobs -x -d 'So many at once at most'
    complete -c hearsay -n "__hearsay_verb_is $verb" -l exec-timeout -x -a '5s 10s 30s 1min'
end
complete -c hearsay -n '__hearsay_verb_is key' -a show -d 'The public key'
complete -c hearsay -n '__hearsay_verb_is wait' -l members -x -d 'How many'
complete -c hearsay -n '__hearsay_verb_is wait' -l timeout -x -a '10s 30s 1min'
complete -c hearsay -n '__hearsay_verb_is check' -l members -x -d 'Critical when fewer are alive'

complete -c hearsay -n '__hearsay_verb_is network' -a create -d 'Begin one and print its token'
complete -c hearsay -n '__hearsay_verb_is network' -a open -d 'Join an open one'
complete -c hearsay -n '__hearsay_verb_is network' -a join -d 'Join with a token'
complete -c hearsay -n '__hearsay_verb_is network' -a token -d 'Print the token'
complete -c hearsay -n '__hearsay_verb_is network' -a show -d 'The network of this host'
complete -c hearsay -n '__hearsay_verb_is network' -a leave -d 'Forget it; the daemon stays'
complete -c hearsay -n '__hearsay_verb_is network' -a rotate -d 'Replace the secret'
complete -c hearsay -n '__hearsay_verb_is network join' -l seed -x -a '(__fish_print_hostnames)'
complete -c hearsay -n '__hearsay_verb_is network rotate' -a 'add promote finish'
for verb in create join token show rotate
    complete -c hearsay -n "__hearsay_verb_is network $verb" -l json -d 'JSON, for programs'
end
complete -c hearsay -n '__hearsay_verb_is config' -a 'check show'
for verb in check show
    complete -c hearsay -n "__hearsay_verb_is config $verb" -F
    complete -c hearsay -n "__hearsay_verb_is config $verb" -l json -d 'JSON, for programs'
end

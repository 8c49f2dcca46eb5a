package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help carries the example.
func (completionCmd) Help() string {
	return "Examples:\n  source <(privacydesk completion bash)      (in ~/.bashrc)\n  source <(privacydesk completion zsh)       (in ~/.zshrc, after compinit)\n" +
		"  privacydesk completion fish | source       (in ~/.config/fish/config.fish)"
}

// Run prints the script.
func (c completionCmd) Run(ctx context.Context, s *surroundings) error {
	parser, err := newParser(ctx, s)
	if err != nil {
		return err
	}
	write := map[string]func(io.Writer, []completed) error{"bash": completeBash, "zsh": completeZsh, "fish": completeFish}[c.Shell]
	return write(s.stdout, completions(parser.Model.Node))
}

// completed is what may follow a command. Nothing of it needs quoting: names of
// commands, flags and values of enumerations are words.
type completed struct {
	path  string // "requests list"; "" for the program itself
	words []string
	flags map[string][]string // those that take a value, and the values, if they are a few
}

// completions are all commands of the tree, the program itself first.
func completions(root *kong.Node) []completed {
	var out []completed
	var walk func(n *kong.Node, path string, inherited []*kong.Flag)
	walk = func(n *kong.Node, path string, inherited []*kong.Flag) {
		c := completed{path: path, flags: map[string][]string{}}
		flags := append(slices.Clone(inherited), n.Flags...)
		for _, child := range n.Children {
			c.words = append(c.words, child.Name)
		}
		for _, arg := range n.Positional {
			c.words = append(c.words, valuesOf(arg)...)
		}
		for _, f := range flags {
			if f.Hidden {
				continue
			}
			c.words = append(c.words, "--"+f.Name)
			if !f.IsBool() {
				c.flags["--"+f.Name] = valuesOf(f.Value)
			}
		}
		out = append(out, c)
		for _, child := range n.Children {
			walk(child, strings.TrimSpace(path+" "+child.Name), flags)
		}
	}
	walk(root, "", nil)
	return out
}

func valuesOf(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return slices.DeleteFunc(strings.Split(v.Enum, ","), func(word string) bool { return word == "" })
}

// cases are a line for each command, and one for each of its flags that take a
// value, by the shell's way to write one. No words: the shell offers files.
func cases(all []completed, line func(path, words string) string) string {
	var b strings.Builder
	for _, c := range all {
		for _, flag := range sortedKeys(c.flags) {
			b.WriteString(line(strings.TrimSpace(c.path+" "+flag), strings.Join(c.flags[flag], " ")))
		}
		b.WriteString(line(c.path, strings.Join(c.words, " ")))
	}
	return b.String()
}

// paths are the commands' names, for a shell that looks which words are some.
func paths(all []completed, quote string) string {
	var out []string
	for _, c := range all[1:] {
		out = append(out, quote+c.path+quote)
	}
	return strings.Join(out, "|")
}

func shCase(path, words string) string { return fmt.Sprintf("    '%s') words='%s' ;;\n", path, words) }

// completeBash writes bash's script. Where no word fits, files are offered.
func completeBash(w io.Writer, all []completed) error {
	_, err := fmt.Fprintf(w, `# bash completion of privacydesk
_privacydesk() {
  local at= word words=
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    word="${at:+$at }$word"
    case "$word" in %s) at="$word" ;; esac
  done
  _privacydesk_words "$at ${COMP_WORDS[COMP_CWORD-1]}" || _privacydesk_words "$at"
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
_privacydesk_words() {
  case "${1# }" in
%s    *) return 1 ;;
  esac
}
complete -o default -F _privacydesk privacydesk
`, paths(all, "'"), cases(all, shCase))
	return err
}

// completeZsh writes zsh's.
func completeZsh(w io.Writer, all []completed) error {
	_, err := fmt.Fprintf(w, `#compdef privacydesk
_privacydesk() {
  local at= word words_=
  for word in "${(@)words[2,CURRENT-1]}"; do
    word="${at:+$at }$word"
    case "$word" in %s) at="$word" ;; esac
  done
  _privacydesk_words "$at ${words[CURRENT-1]}" || _privacydesk_words "$at"
  [[ -n "$words_" ]] && compadd -- ${=words_} || _files
}
_privacydesk_words() {
  case "${1# }" in
%s    *) return 1 ;;
  esac
}
if [[ "$funcstack[1]" == _privacydesk ]]; then _privacydesk "$@"; else compdef _privacydesk privacydesk; fi
`, paths(all, "'"), strings.ReplaceAll(cases(all, shCase), ") words=", ") words_="))
	return err
}

// completeFish writes fish's. Files are offered by fish itself.
func completeFish(w io.Writer, all []completed) error {
	line := func(path, words string) string {
		return fmt.Sprintf("    case '%s'\n      string split -n ' ' -- '%s'; true\n", path, words)
	}
	_, err := fmt.Fprintf(w, `# fish completion of privacydesk
function __privacydesk
  set -l at ''
  set -l typed (commandline -opc)
  for word in $typed[2..-1]
    set -l next (string trim -- "$at $word")
    contains -- $next %s; and set at $next
  end
  __privacydesk_words (string trim -- "$at $typed[-1]"); or __privacydesk_words $at
end
function __privacydesk_words
  switch "$argv[1]"
%s    case '*'
      return 1
  end
end
complete -c privacydesk -a '(__privacydesk)'
`, strings.ReplaceAll(paths(all, "'"), "|", " "), cases(all, line))
	return err
}

package talk

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
)

// shown is what the transcript has shown of a ticket.
type shown struct {
	comments int
	status   string
	tags     []string
	fields   map[string]string
}

// Transcript is the conversation so far, as Markdown.
func (k *Talk) Transcript() string { return strings.TrimSpace(strings.Join(k.lines, "\n")) + "\n" }

// Reasons are the codes that the scenario expected, in its order.
func (k *Talk) Reasons() []bot.Reason { return slices.Clone(k.whys) }

// heading writes who does what, and the text that they write.
func (k *Talk) heading(who, does, text string) {
	k.lines = append(k.lines, fmt.Sprintf("**%s** %s", who, does)+map[bool]string{true: ":", false: "."}[text != ""], "")
	k.quote(text)
}

func (k *Talk) quote(text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimSpace(k.numbered(text)), "\n") {
		k.lines = append(k.lines, strings.TrimRight("> "+plain(line), " "))
	}
	k.lines = append(k.lines, "")
}

var coded = regexp.MustCompile(`--code [0-9A-Z]{4}-[0-9A-Z]{4}`)

// numbered gives codes, which are others in each run, names by the order in
// which they turn up.
func (k *Talk) numbered(text string) string {
	return coded.ReplaceAllStringFunc(text, func(found string) string {
		code := strings.TrimPrefix(found, "--code ")
		if !slices.Contains(k.codes, code) {
			k.codes = append(k.codes, code)
		}
		return fmt.Sprintf("--code C0DE-%04d", slices.Index(k.codes, code)+1)
	})
}

// plain keeps outside text from being Markdown or HTML.
func plain(line string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(line)
}

// show writes down what is new on each ticket, and fails if a comment of ours
// stands there twice.
func (k *Talk) show() {
	k.T.Helper()
	for _, id := range k.tickets() {
		k.showTicket(id, k.seen[id])
	}
}

func (k *Talk) showTicket(id int64, s *shown) {
	k.T.Helper()
	comments := k.Sim.Comments(id)
	for _, c := range comments[min(s.comments, len(comments)):] {
		if k.people[c.AuthorID] != "privacydesk" || c.Via.Rel == "merge" {
			continue // a merge's copies were said elsewhere
		}
		how := "answers"
		if !c.Public {
			how = "notes for the agents"
		}
		k.lines = append(k.lines, fmt.Sprintf("**privacydesk** %s%s:", how, k.files(c)), "")
		k.quote(text(c))
	}
	s.comments = len(comments)
	k.once(id)
	now, found := k.Sim.Ticket(id)
	if !found {
		return // deleted for good
	}
	k.discreet(now, comments)
	if line := k.changes(now, s); line != "" {
		k.lines = append(k.lines, fmt.Sprintf("Ticket #%d: %s.", id, line), "")
	}
	s.status, s.tags, s.fields = now.Status, ours(now.Tags), k.named(now)
}

// once fails if two updates of ours bear a valid mark of one step.
func (k *Talk) once(id int64) {
	k.T.Helper()
	marks := map[string]bool{}
	for _, a := range k.Sim.Audits(id) {
		if k.people[a.AuthorID] != "privacydesk" {
			continue
		}
		for _, step := range k.stepsOf(a) {
			if marks[step] {
				k.T.Errorf("ticket #%d was told twice: %s", id, step)
			}
			marks[step] = true
		}
	}
}

var address = regexp.MustCompile(`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+`)

// discreet fails if an address stands in full where we wrote: in comments,
// notes, tags, our fields and the names of our files.
func (k *Talk) discreet(now zendesksim.Ticket, comments []zendesksim.Comment) {
	k.T.Helper()
	wrote := append(slices.Clone(now.Tags), fmt.Sprint(now.CustomFields[k.DueField]), fmt.Sprint(now.CustomFields[k.ProgressField]))
	for _, c := range comments {
		if k.people[c.AuthorID] == "privacydesk" && c.Via.Rel != "merge" {
			wrote = append(wrote, c.Body, c.HTMLBody, k.files(c))
		}
	}
	for _, text := range wrote {
		if found := address.FindString(text); found != "" {
			k.T.Errorf("ticket #%d bears %s in full: %s", now.ID, found, text)
		}
	}
}

// stepsOf are those that an update bears a valid mark of.
func (k *Talk) stepsOf(a zendesksim.Audit) []string {
	said, _ := a.Custom["privacydesk"].(map[string]any)
	var m bot.Mark
	m.Request, _ = said["request"].(string)
	m.Step, _ = said["step"].(string)
	m.MAC, _ = said["mac"].(string)
	if m.Step == "" || !k.Engine.Keys.MarkValid(m) {
		return nil
	}
	return m.Steps()
}

func (k *Talk) files(c zendesksim.Comment) string {
	var names []string
	for _, a := range k.Sim.Attachments(c.TicketID) {
		if a.CommentID == c.ID {
			names = append(names, "`"+a.FileName+"`")
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", with " + strings.Join(names, " and ")
}

var (
	rule  = regexp.MustCompile(`(?i)<hr ?/?>`)
	block = regexp.MustCompile(`(?i)</?(p|ul|ol|table|thead|tbody)[^>]*>|<br ?/?>|</tr>|</li>`)
	cell  = regexp.MustCompile(`(?i)</t[dh]>`)
	item  = regexp.MustCompile(`(?i)<li[^>]*>`)
	tag   = regexp.MustCompile(`<[^>]*>`)
	gaps  = regexp.MustCompile(`\n\s*\n+`)
)

// text is a comment as it reads.
func text(c zendesksim.Comment) string {
	s := c.HTMLBody
	if s == "" {
		return c.Body
	}
	for _, r := range []struct {
		re *regexp.Regexp
		to string
	}{{rule, "\n- - -\n"}, {item, "- "}, {cell, " | "}, {block, "\n"}, {tag, ""}, {gaps, "\n"}} {
		s = r.re.ReplaceAllString(s, r.to)
	}
	return strings.TrimSpace(html.UnescapeString(s))
}

func ours(tags []string) []string {
	out := slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return !strings.HasPrefix(t, "privacydesk") })
	slices.Sort(out)
	return out
}

func (k *Talk) named(t zendesksim.Ticket) map[string]string {
	out := map[string]string{}
	for name, id := range map[string]int64{"due": k.DueField, "progress": k.ProgressField} {
		if v := t.CustomFields[id]; v != nil && v != "" {
			out[name] = fmt.Sprint(v)
		}
	}
	return out
}

// changes says what of status, tags and fields is new.
func (k *Talk) changes(now zendesksim.Ticket, s *shown) string {
	var parts []string
	if now.Status != s.status {
		parts = append(parts, "status **"+now.Status+"**")
	}
	tags := ours(now.Tags)
	for _, t := range tags {
		if !slices.Contains(s.tags, t) {
			parts = append(parts, "tag `"+t+"`")
		}
	}
	for _, t := range s.tags {
		if !slices.Contains(tags, t) {
			parts = append(parts, "without tag `"+t+"`")
		}
	}
	fields := k.named(now)
	for _, name := range []string{"due", "progress"} {
		if fields[name] != s.fields[name] {
			parts = append(parts, name+" "+map[bool]string{true: fields[name], false: "cleared"}[fields[name] != ""])
		}
	}
	return strings.Join(parts, ", ")
}

// Reads writes down how a ticket now reads: who wrote what, and which files
// hang on it.
func (t Ticket) Reads() {
	now, found := t.k.Sim.Ticket(t.ID)
	if !found || now.Deleted {
		t.k.Note("Ticket #%d does not exist any more.", t.ID)
		return
	}
	t.k.lines = append(t.k.lines, fmt.Sprintf("Ticket #%d, %q, now reads:", t.ID, now.Subject), "")
	for _, c := range t.k.Sim.Comments(t.ID) {
		who := t.k.people[c.AuthorID]
		if who == "" {
			who = "Zendesk"
		}
		first, _, more := strings.Cut(text(c), "\n")
		if more {
			first += " …"
		}
		t.k.lines = append(t.k.lines, fmt.Sprintf("- %s%s: %s", who, t.k.files(c), plain(first)))
	}
	t.k.lines = append(t.k.lines, "")
}

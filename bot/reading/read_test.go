package reading_test

import (
	"strings"
	"testing"

	"privacydesk/bot/reading"
)

const (
	kindField    = 11
	subjectField = 12
)

func rules() reading.Rules {
	return reading.Rules{
		FormID: 7, Tag: "privacy_request", KindField: kindField, SubjectField: subjectField,
		KindValues: map[string]reading.Kind{
			"gdpr_access": reading.Access, "gdpr_delete": reading.Delete, "gdpr_opt_out": reading.OptOut, "consumer": reading.Direct,
		},
		OwnAddresses: []string{"support@vendor.example"},
	}
}

// ticket is one of the form's, by admin@acme.example.
func ticket(fields map[int64]string, texts ...string) reading.Ticket {
	t := reading.Ticket{FormID: 7, RequesterAddress: "Admin@acme.example", Fields: fields}
	for _, text := range texts {
		t.Messages = append(t.Messages, reading.Message{FromRequester: true, Public: true, Text: text})
	}
	return t
}

func TestInScopeIsTheFormOrAnAgentsTagAlone(t *testing.T) {
	r := rules()
	for name, c := range map[string]struct {
		ticket reading.Ticket
		want   bool
	}{
		"the form":       {reading.Ticket{FormID: 7}, true},
		"another form":   {reading.Ticket{FormID: 8, Subject: "Delete my data", Channel: "email"}, false},
		"an agent's tag": {reading.Ticket{AgentTags: []string{"vip", "privacy_request"}}, true},
		"another tag":    {reading.Ticket{AgentTags: []string{"privacy"}}, false},
		"nothing":        {reading.Ticket{}, false},
	} {
		if got := reading.InScope(r, c.ticket); got != c.want {
			t.Errorf("%s: in scope %v", name, got)
		}
	}
	if reading.InScope(reading.Rules{}, reading.Ticket{AgentTags: []string{""}}) {
		t.Error("rules that name nothing must cover nothing")
	}
}

func TestReadForm(t *testing.T) {
	type F = map[int64]string
	del, access := F{kindField: "gdpr_delete"}, F{kindField: "gdpr_access"}
	withSubject := func(s string) F { return F{kindField: "gdpr_delete", subjectField: s} }
	cases := map[string]struct {
		fields  F
		texts   []string
		kind    reading.Kind
		subject string
		ask     string
	}{
		"field":                         {withSubject("Jane@Corp.Example"), []string{""}, reading.Delete, "jane@corp.example", ""},
		"field with a name":             {withSubject(`"Jane" <jane@corp.example>`), nil, reading.Delete, "jane@corp.example", ""},
		"field and the same text":       {withSubject("jane@corp.example"), []string{"Please delete JANE@corp.example"}, reading.Delete, "jane@corp.example", ""},
		"field and requester's address": {withSubject("jane@corp.example"), []string{"Write to admin@acme.example when done"}, reading.Delete, "jane@corp.example", ""},
		"field against text":            {withSubject("jane@corp.example"), []string{"Please delete bob@corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"field with two":                {withSubject("jane@corp.example, bob@corp.example"), nil, reading.Delete, "", reading.AskOneSubject},
		"field with a name only":        {withSubject("Jane Doe"), nil, reading.Delete, "", reading.AskRealAddress},
		"field with more words":         {withSubject("not jane@corp.example"), nil, reading.Delete, "", reading.AskRealAddress},
		"field with our address":        {withSubject("support@vendor.example"), nil, reading.Delete, "", reading.AskSubject},
		"text":                          {del, []string{"jane@corp.example"}, reading.Delete, "jane@corp.example", ""},
		"text in a sentence":            {access, []string{"We need all data on jane@corp.example, please."}, reading.Access, "jane@corp.example", ""},
		"possessive":                    {del, []string{"Please delete jane@corp.example's data."}, reading.Delete, "jane@corp.example", ""},
		"belonging to":                  {access, []string{"Please send me the data belonging to jane@corp.example"}, reading.Access, "jane@corp.example", ""},
		"mailto twin":                   {del, []string{"jane@corp.example<mailto:jane@corp.example>"}, reading.Delete, "jane@corp.example", ""},
		"markdown link":                 {del, []string{"[Jane](mailto:jane@corp.example) left"}, reading.Delete, "jane@corp.example", ""},
		"two":                           {del, []string{"jane@corp.example and bob@corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"two without a space":           {del, []string{"jane@corp.example,bob@corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"plus-tag is another person":    {del, []string{"jane@corp.example jane+x@corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"accent is another person":      {del, []string{"josé@corp.example jose@corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"none":                          {del, []string{"Please delete Jane"}, reading.Delete, "", reading.AskSubject},
		"nothing":                       {del, nil, reading.Delete, "", reading.AskSubject},
		"malformed":                     {del, []string{"delete jane@corp"}, reading.Delete, "", reading.AskRealAddress},
		"malformed beside a good one":   {del, []string{"delete jane@corp or bob@corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"typographic hyphen":            {del, []string{"jean–luc@corp.example"}, reading.Delete, "", reading.AskRealAddress},
		"typographic apostrophe":        {del, []string{"o’brien@corp.example"}, reading.Delete, "", reading.AskRealAddress},
		"apostrophe":                    {del, []string{"o'brien@corp.example"}, reading.Delete, "o'brien@corp.example", ""},
		"quoted local part":             {del, []string{`"jane doe"@corp.example`}, reading.Delete, "", reading.AskRealAddress},
		"another alphabet's sign":       {del, []string{"jane@corp.example bob＠corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"another alphabet's sign alone": {del, []string{"bob＠corp.example"}, reading.Delete, "", reading.AskRealAddress},
		"turned round":                  {del, []string{"\u202ejane@corp.example"}, reading.Delete, "", reading.AskRealAddress},
		"key and value":                 {del, []string{"email=jane@corp.example"}, reading.Delete, "", reading.AskRealAddress},
		"cut by a line break":           {del, []string{"jean-\nluc@corp.example"}, reading.Delete, "", reading.AskRealAddress},
		"a handle":                      {del, []string{"@sam says: jane@corp.example"}, reading.Delete, "jane@corp.example", ""},
		"own address only":              {del, []string{"admin@acme.example"}, reading.Delete, "admin@acme.example", ""},
		"own address beside":            {del, []string{"I am admin@acme.example. Please delete jane@corp.example."}, reading.Delete, "jane@corp.example", ""},
		"our address beside":            {del, []string{"To support@vendor.example and support+id123@vendor.example: jane@corp.example"}, reading.Delete, "jane@corp.example", ""},
		"all but":                       {del, []string{"Delete everybody except jane@corp.example"}, reading.Delete, "", reading.AskSubject},
		"a recipient":                   {access, []string{"Please send her data to bob@corp.example"}, reading.Access, "", reading.AskSubject},
		"a recipient beside":            {access, []string{"Please send data of jane@corp.example to bob@corp.example"}, reading.Access, "", reading.AskOneSubject},
		"a copy reader":                 {del, []string{"Please delete it all, cc bob@corp.example"}, reading.Delete, "", reading.AskSubject},
		"unmapped kind":                 {F{kindField: "other", subjectField: "jane@corp.example"}, nil, "", "jane@corp.example", reading.AskKind},
		"kind against text":             {withSubject("jane@corp.example"), []string{"I want an export of her data"}, "", "jane@corp.example", reading.AskKind},
		"kind against an opt-out":       {withSubject("jane@corp.example"), []string{"We want to opt out of any sale."}, "", "jane@corp.example", reading.AskKind},
		"kind is taken back":            {withSubject("jane@corp.example"), []string{"Do not delete anything yet. This is a test."}, "", "jane@corp.example", reading.AskKind},
		"kind is taken back in German":  {withSubject("jane@corp.example"), []string{"Bitte noch nicht löschen!"}, "", "jane@corp.example", reading.AskKind},
		"kind, and a past":              {withSubject("jane@corp.example"), []string{"She was a customer. Please delete her, she no longer is one."}, reading.Delete, "jane@corp.example", ""},
		"kind against a correction":     {withSubject("jane@corp.example"), []string{"Please correct her name, it is misspelt."}, "", "jane@corp.example", reading.AskKind},
		"kind against an objection":     {access, []string{"She objects to the processing. jane@corp.example"}, "", "jane@corp.example", reading.AskKind},
		"a promise to update":           {access, []string{"Please send us all on jane@corp.example, so that we can update her. He wants to change his provider."}, reading.Access, "jane@corp.example", ""},
		"a file that is updated":        {del, []string{"Please delete jane@corp.example; we will update their status then."}, reading.Delete, "jane@corp.example", ""},
		"a correction, then a delete":   {nil, []string{"Please correct her name: jane@corp.example", "Please delete her instead."}, "", "jane@corp.example", reading.AskKind},
		"and that is what was meant":    {nil, []string{"Please correct her name: jane@corp.example", "Please delete her instead.", "delete"}, reading.Delete, "jane@corp.example", ""},
		"an objection, then an access":  {nil, []string{"She objects to the processing. jane@corp.example", "She wants a copy of her data."}, "", "jane@corp.example", reading.AskKind},
		"a slip that is put right":      {del, []string{"Please delete bob@corp.example. Is that the correct form?"}, reading.Delete, "bob@corp.example", ""},
		"opt-out needs no subject":      {F{kindField: "gdpr_opt_out"}, []string{"hi"}, reading.OptOut, "", ""},
		"direct needs no subject":       {F{kindField: "consumer"}, []string{"hi"}, reading.Direct, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := reading.Read(rules(), ticket(c.fields, c.texts...))
			if got.Kind != c.kind || got.Subject != c.subject || got.Question != c.ask {
				t.Errorf("got %+v, want kind %q subject %q question %q", got, c.kind, c.subject, c.ask)
			}
		})
	}
}

func TestReadKindByWords(t *testing.T) {
	const who = " jane@corp.example"
	for text, want := range map[string]reading.Kind{
		"Please correct the name of" + who:                               reading.Correction,
		"Right to rectification:" + who:                                  reading.Correction,
		"Her street is wrong, update her address:" + who:                 reading.Correction,
		"Please update his email, amend his record:" + who:               reading.Correction,
		"Change their phone number, please:" + who:                       reading.Correction,
		"Update her:" + who:                                              "",
		"Bitte berichtigen Sie die Anschrift von" + who:                  reading.Correction,
		"Demande de rectification:" + who:                                reading.Correction,
		"Solicito la rectificación de los datos de" + who:                reading.Correction,
		"The person objects to the processing of their data:" + who:      reading.Objection,
		"Restriction of processing (Art. 18):" + who:                     reading.Objection,
		"Hiermit lege ich Widerspruch gegen die Verarbeitung ein:" + who: reading.Objection,
		"La personne s'oppose au traitement:" + who:                      reading.Objection,
		"Se opone al tratamiento:" + who:                                 reading.Objection,
		"Please correct and then delete" + who:                           reading.Delete, // no word for whose data is to be put right
		"Please correct her name, then delete" + who:                     "",
		"Please delete" + who:                                            reading.Delete,
		"Please erase all personal data of" + who:                        reading.Delete,
		"Right to be forgotten:" + who:                                   reading.Delete,
		"Bitte löschen Sie alle Daten von" + who:                         reading.Delete,
		"Bitte um Löschung:" + who:                                       reading.Delete,
		"Bitte loeschen:" + who:                                          reading.Delete,
		"Merci de supprimer" + who:                                       reading.Delete,
		"Demande d’effacement" + who:                                     reading.Delete,
		"Por favor, eliminen los datos de" + who:                         reading.Delete,
		"Data subject access request for" + who:                          reading.Access,
		"I need a full report on" + who:                                  reading.Access,
		"Auskunft nach Art. 15 über" + who:                               reading.Access,
		"Droit d'accès" + who:                                            reading.Access,
		"Derecho de acceso" + who:                                        reading.Access,
		"Please opt out" + who:                                           reading.OptOut,
		"Do not sell my data":                                            reading.OptOut,
		"Export and then delete" + who:                                   "",
		"Delete or give access, whatever" + who:                          "",
		"Please send us all data of" + who + " and delete it":            "",
		"Please delete" + who + " and send us a confirmation":            reading.Delete,
		"Please send us everything on" + who:                             reading.Access,
		"Please do not delete" + who:                                     "",
		"Please don’t delete" + who:                                      "",
		"Bitte nicht löschen:" + who:                                     "",
		"Ne pas supprimer" + who:                                         "",
		"N'effacez rien de" + who:                                        "",
		"No quiero que borren a" + who:                                   "",
		"There is no need to delete" + who:                               "",
		"Why was" + who + " deleted?":                                    "",
		"Please delete" + who + ". Wait, ignore this":                    "",
		"Delete her if she asks:" + who:                                  "",
		"Please remove me from the mailing list" + who:                   "",
		"Opt out and delete" + who:                                       "",
		"Hello," + who:                                                   "",
		"Please de\u200blete if possible" + who:                          reading.Delete,
		"She no longer works here and we want her erased:" + who:         reading.Delete,
		"> please delete\n\nsee above" + who:                             "",
		"On Monday Bob wrote:\nplease delete" + who:                      "",
		"See" + who + "\n\n-- \nDelete this mail if it is not for you":   "",
	} {
		t.Run(text, func(t *testing.T) {
			got := reading.Read(rules(), ticket(nil, text))
			if got.Kind != want {
				t.Errorf("kind %q, want %q", got.Kind, want)
			}
			if want == "" && got.Question != reading.AskKind {
				t.Errorf("question %q", got.Question)
			}
		})
	}
}

func TestReadTitle(t *testing.T) {
	with := func(title, text string) reading.Result {
		tk := ticket(nil, text)
		tk.Subject = title
		return reading.Read(rules(), tk)
	}
	if got := with("Delete request", "jane@corp.example"); got.Kind != reading.Delete || got.Question != "" {
		t.Errorf("the title's words count: %+v", got)
	}
	for _, title := range []string{"Re: Delete request", "AW : Delete request", "fwd:delete"} {
		if got := with(title, "jane@corp.example"); got.Question != reading.AskKind {
			t.Errorf("%s: somebody else's words count: %+v", title, got)
		}
	}
	if got := with("Delete bob@corp.example", "delete jane@corp.example"); got.Question != reading.AskOneSubject || got.Subject != "" {
		t.Errorf("a title that contradicts: %+v", got)
	}
	if got := with("Delete bob@corp.example", "please"); got.Question != reading.AskSubject {
		t.Errorf("a title alone never names the subject: %+v", got)
	}
}

func TestReadReplies(t *testing.T) {
	type F = map[int64]string
	del := F{kindField: "gdpr_delete"}
	cases := map[string]struct {
		fields  F
		texts   []string
		kind    reading.Kind
		subject string
		ask     string
	}{
		"address answers":               {del, []string{"delete Jane", "jane@corp.example"}, reading.Delete, "jane@corp.example", ""},
		"which of two":                  {del, []string{"a@corp.example b@corp.example", "b@corp.example\n\nRegards\nJo"}, reading.Delete, "b@corp.example", ""},
		"still two":                     {del, []string{"a@corp.example b@corp.example", "both a@corp.example and b@corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"not that one":                  {del, []string{"a@corp.example b@corp.example", "not a@corp.example"}, reading.Delete, "", reading.AskSubject},
		"own address is no answer":      {del, []string{"a@corp.example b@corp.example", "Jo, admin@acme.example"}, reading.Delete, "", reading.AskOneSubject},
		"own address, then the person":  {del, []string{"my address: admin@acme.example", "jane@corp.example"}, reading.Delete, "jane@corp.example", ""},
		"kind answers":                  {F{subjectField: "jane@corp.example"}, []string{"hello", "delete"}, reading.Delete, "jane@corp.example", ""},
		"kind answers in German":        {F{subjectField: "jane@corp.example"}, []string{"hello", "Auskunft bitte"}, reading.Access, "jane@corp.example", ""},
		"field conflict is resolved":    {F{kindField: "gdpr_delete", subjectField: "a@corp.example"}, []string{"b@corp.example", "b@corp.example"}, reading.Delete, "b@corp.example", ""},
		"settled is not overruled":      {del, []string{"a@corp.example", "I mean b@corp.example"}, reading.Delete, "", reading.AskOneSubject},
		"settled, then chosen":          {del, []string{"a@corp.example", "I mean b@corp.example", "b@corp.example"}, reading.Delete, "b@corp.example", ""},
		"settled kind is not overruled": {F{kindField: "gdpr_access"}, []string{"a@corp.example", "please delete"}, "", "a@corp.example", reading.AskKind},
		"which one, but not yet":        {del, []string{"a@corp.example b@corp.example", "b@corp.example. But do not delete it yet."}, "", "b@corp.example", reading.AskKind},
		"not yet, then now":             {del, []string{"b@corp.example. Please don't delete her yet.", "delete"}, reading.Delete, "b@corp.example", ""},
		"do not touch":                  {del, []string{"a@corp.example", "do not touch a@corp.example"}, reading.Delete, "", reading.AskSubject},
		"chat changes nothing":          {del, []string{"a@corp.example", "thanks, any news?"}, reading.Delete, "a@corp.example", ""},
		"absence note changes nothing":  {del, []string{"delete Jane", "I am out of the office, ask bob@corp.example"}, reading.Delete, "", reading.AskSubject},
		"an answer within the quote":    {del, []string{"delete Jane", "see below\n\nOn Monday, Desk wrote:\n> jane@corp.example"}, reading.Delete, "", reading.AskSubject},
		"an answer over the quote":      {del, []string{"delete Jane", "jane@corp.example\n\nAm 3.11. schrieb Desk <desk@corp.example>:\n> which?"}, reading.Delete, "jane@corp.example", ""},
		"an answer under the quote":     {del, []string{"delete Jane", "Le 3 nov., Desk a écrit :\n> which one? a@corp.example?\n\njane@corp.example"}, reading.Delete, "jane@corp.example", ""},
		"thanks at the start is no end": {del, []string{"delete Jane", "Thanks!\njane@corp.example"}, reading.Delete, "jane@corp.example", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := reading.Read(rules(), ticket(c.fields, c.texts...))
			if got.Kind != c.kind || got.Subject != c.subject || got.Question != c.ask {
				t.Errorf("got %+v, want kind %q subject %q question %q", got, c.kind, c.subject, c.ask)
			}
		})
	}
}

// Only the requester's own public messages count.
func TestReadIgnoresOtherVoices(t *testing.T) {
	for name, m := range map[string]reading.Message{
		"a colleague":        {Public: true},
		"an agent":           {Public: true, FromStaff: true},
		"an internal remark": {FromRequester: true},
		"staff as requester": {FromRequester: true, FromStaff: true, Public: true},
		"a machine":          {FromRequester: true, Public: true, Automatic: true},
	} {
		m.Text = "delete jane@corp.example"
		first := ticket(nil)
		first.Messages = []reading.Message{m}
		later := ticket(nil, "hello")
		later.Messages = append(later.Messages, m)
		for _, tk := range []reading.Ticket{first, later} {
			if got := reading.Read(rules(), tk); got.Subject != "" || got.Kind != "" || got.Candidates != 0 {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
}

func TestReadAsksAboutTextThatIsTooLong(t *testing.T) {
	r := rules()
	r.MaxText = 100
	long := "delete jane@corp.example " + strings.Repeat("x ", 100) + " and bob@corp.example"
	if got := reading.Read(r, ticket(nil, long)); got.Subject != "" || got.Kind != "" || got.Question != reading.AskKind {
		t.Errorf("unread text was ignored: %+v", got)
	}
	if got := reading.Read(r, ticket(map[int64]string{kindField: "gdpr_delete"}, long)); got.Question != reading.AskSubject {
		t.Errorf("unread text was ignored: %+v", got)
	}
}

func TestRulesValidate(t *testing.T) {
	if err := rules().Validate(); err != nil {
		t.Errorf("good rules: %v", err)
	}
	bad := reading.Rules{KindField: 1, OwnAddresses: []string{"Secret Name"}, MaxText: -1}
	err := bad.Validate()
	for _, want := range []string{"form, tag", "kind_values", "own_addresses[0]", "max_text"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "Secret") {
		t.Error("the error quotes an address")
	}
	bad = rules()
	bad.KindValues["x"] = "purge"
	if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), "kind_values.x") {
		t.Errorf("unknown kind: %v", err)
	}
}

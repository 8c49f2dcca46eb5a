package zendesk

import (
	"html"
	"strings"
	"testing"
	"unicode"
)

// TestShownLeavesOutWhatNobodySees: an address that markup hides from whoever
// reads a mail is not in what they see of it.
func TestShownLeavesOutWhatNobodySees(t *testing.T) {
	const hidden = "other@x.example"
	for name, body := range map[string]string{
		"display":                    `<p style="display:none">H</p>`,
		"display, in an odd way":     `<p style="DISPLAY : None ! important">H</p>`,
		"display, with a comment":    `<p style="display:/**/none">H</p>`,
		"display, escaped":           `<p style="d\69splay:none">H</p>`,
		"display, of one round it":   `<div style="display:none"><table><tr><td>H</td></tr></table></div>`,
		"display, later":             `<p style="color:red;display:none">H</p>`,
		"a variable":                 `<p style="display:var(--x)">H</p>`,
		"visibility":                 `<p style="visibility:hidden">H</p>`,
		"visibility, collapsed":      `<p style="visibility: collapse">H</p>`,
		"visibility, inherited":      `<div style="visibility:hidden"><p>H</p></div>`,
		"opacity":                    `<p style="opacity:0">H</p>`,
		"opacity, nearly":            `<p style="opacity:.05">H</p>`,
		"opacity, per cent":          `<p style="opacity:1%">H</p>`,
		"opacity, calculated":        `<p style="opacity:calc(0)">H</p>`,
		"size":                       `<p style="font-size:0">H</p>`,
		"size, of a pixel":           `<p style="font-size:1px">H</p>`,
		"size, shorthand":            `<p style="font:0/0 a">H</p>`,
		"size, of nothing":           `<div style="font-size:1px"><p style="font-size:1em">H</p></div>`,
		"size, calculated":           `<p style="font-size:calc(1px - 1px)">H</p>`,
		"colour":                     `<p style="color:#fff">H</p>`,
		"colour, by name":            `<p style="color:White">H</p>`,
		"colour, nearly":             `<p style="color:#fefefe">H</p>`,
		"colour, as numbers":         `<p style="color:rgb(255, 255, 255)">H</p>`,
		"colour, per cent":           `<p style="color:rgb(100% 100% 100%)">H</p>`,
		"colour, transparent":        `<p style="color:transparent">H</p>`,
		"colour, shining through":    `<p style="color:rgba(0,0,0,0)">H</p>`,
		"colour, short with alpha":   `<p style="color:#0000">H</p>`,
		"colour, unreadable":         `<p style="color:hsl(0 0% 100%)">H</p>`,
		"colour, a name unknown":     `<p style="color:mintcream">H</p>`,
		"colour, old":                `<font color="#FFFFFF">H</font>`,
		"colour, of the background":  `<div style="background:#003366"><span style="color:#003366">H</span></div>`,
		"colour, of an old one":      `<table bgcolor="black"><tr><td>H</td></tr></table>`,
		"colour, over a picture":     `<div style="background:url(https://x.example/a.png)">H</div>`,
		"colour, of the fill":        `<p style="-webkit-text-fill-color:#fff">H</p>`,
		"colour, of the page's text": `<div style="background-color:black">H</div>`,
		"a comment":                  `<!-- H -->`,
		"a conditional comment":      `<!--[if mso]>H<![endif]-->`,
		"hidden":                     `<p hidden>H</p>`,
		"hidden, with a value":       `<p hidden="until-found">H</p>`,
		"aria-hidden":                `<p aria-hidden="true">H</p>`,
		"head":                       `<html><head><meta name="x">` + `<title>H</title></head><body></body></html>`,
		"style":                      `<style>p{color:red} /* H */</style>`,
		"script":                     `<script>"H"</script>`,
		"template":                   `<template><p>H</p></template>`,
		"noscript":                   `<noscript>H</noscript>`,
		"a picture's words":          `<img src="https://x.example/a.png" alt="H" title="H">`,
		"a link's title":             `<a href="https://x.example/?H" title="H">here</a>`,
		"svg":                        `<svg><text>H</text></svg>`,
		"an option":                  `<select><option>H</option></select>`,
		"a closed detail":            `<details><summary>more</summary>H</details>`,
		"a dialog":                   `<dialog>H</dialog>`,
		"no height":                  `<div style="height:0;overflow:hidden">H</div>`,
		"no width":                   `<div style="max-width:1px;overflow:hidden">H</div>`,
		"no width, old":              `<table width="0"><tr><td>H</td></tr></table>`,
		"off the page":               `<div style="position:absolute;left:-9999px">H</div>`,
		"off the page, by margin":    `<div style="margin:0 0 0 -5000px">H</div>`,
		"indented away":              `<p style="text-indent:-999em">H</p>`,
		"behind":                     `<p style="position:absolute;z-index:-1">H</p>`,
		"cut off":                    `<p style="clip:rect(0,0,0,0)">H</p>`,
		"scaled away":                `<p style="transform:scale(0)">H</p>`,
		"letters on each other":      `<p style="letter-spacing:-1em">H</p>`,
		"lines on each other":        `<p style="line-height:0">H</p>`,
		"Word's own":                 `<span style="mso-hide:all">H</span>`,
		"backwards":                  `<bdo dir="rtl">H</bdo>`,
		"backwards, by style":        `<span style="unicode-bidi:bidi-override;direction:rtl">H</span>`,
		"a style sheet":              `<style>.x{display:none}</style><p class="a x">H</p>`,
		"a style sheet, by id":       `<style>#x{font-size:0}</style><p id="x">H</p>`,
		"a style sheet, by tag":      `<style>i{color:#fff}</style><i>H</i>`,
		"a style sheet, of screens":  `<style>@media screen{td .x{display:none}}</style><p class="x">H</p>`,
		"a style sheet, odd":         `<style>[lang]{display:none}</style><p lang="en">H</p>`,
		"deep":                       strings.Repeat("<b>", 300) + "H",
		"deeper":                     strings.Repeat("<div>", 3000) + "H",
	} {
		if got := shown(`<div class="zd-comment">A word.` + strings.ReplaceAll(body, "H", hidden) + `</div>`); strings.Contains(got, "other") || strings.Contains(got, "x.example") {
			t.Errorf("%s: a reader is said to see %q", name, got)
		}
	}
}

// TestShownIsWhatPeopleSee: mails as programs write them show all of their
// text, and what a mail quotes stands behind a mark.
func TestShownIsWhatPeopleSee(t *testing.T) {
	for body, want := range map[string]string{
		`<p>Please delete <b>jane</b>@x.example.</p><p>Thanks</p>`:        "Please delete jane@x.example.\n\nThanks",
		`one<br>two<br><br>three`:                                         "one\ntwo\n\nthree",
		"a\n  b&nbsp;c &lt;jane@x.example&gt;":                            "a b c <jane@x.example>",
		`<blockquote>old<p>older</p></blockquote>new`:                     "> old\n> older\n>\nnew",
		`<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>`: "a b\n\nc",
		`<pre>a
  b</pre>`: "a\nb",
		`<p class="MsoNormal" style="margin:0cm;font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif;color:windowtext">jane@x.example</p>`:                                                                            "jane@x.example",
		`<style>p.MsoNormal{margin:0cm;font-size:11.0pt} a:link{color:#0563C1;text-decoration:underline} @page W{size:595pt 842pt;margin:70pt}</style><p class="MsoNormal"><a href="mailto:j@x.example">j@x.example</a></p>`: "j@x.example",
		`<div style="background-color:transparent;color:rgb(34,34,34);font-size:small">jane@x.example</div>`:                                                                                                                 "jane@x.example",
		`<div style="background:#fff none repeat scroll 0 0;color:#1f497d;line-height:1.5;opacity:1">jane@x.example</div>`:                                                                                                   "jane@x.example",
		`<table width="100%" bgcolor="#003366"><tr><td style="color:#ffffff;padding:0;height:40px">jane@x.example</td></tr></table>`:                                                                                         "jane@x.example",
		`<div style="visibility:hidden"><p style="visibility:visible">jane@x.example</p></div>`:                                                                                                                              "jane@x.example",
		`<div dir="auto" style="font-size:12px;margin-left:-18.0pt;text-indent:-18.0pt;zoom:1">jane@x.example</div>`:                                                                                                         "jane@x.example",
		`<font size="2" color="red">jane@x.example</font>`:                                                                                                                                                                   "jane@x.example",
		`<details open><summary>who</summary>jane@x.example</details>`:                                                                                                                                                       "who\njane@x.example",
	} {
		if got := shown(body); got != want {
			t.Errorf("%s\nshows %q\nwant  %q", body, got, want)
		}
	}
}

// FuzzShown: what is no markup shows whole, and the same each time; nothing
// shows that is not there.
func FuzzShown(f *testing.F) {
	for _, s := range []string{
		"jane@x.example", `<p style="display:none">a@b.example</p>`, `<style>.a{color:#fff}</style><i class=a>x`, `<table><td bgcolor=#000>x`, `<p style="font:0/0 a;color:rgba(0,0,0,0)">x`,
		"<svg><style>x</style></svg><math><mi>", `<div style="opacity:1e309;left:-1e9px">x`, "\x00<\u202e>", "<blockquote><pre>\na\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got := shown(body)
		if got != shown(body) {
			t.Fatal("twice, and two results")
		}
		if plain := html.EscapeString(body); !strings.ContainsFunc(body, func(r rune) bool { return r == 0 || r == unicode.ReplacementChar || r == '\r' }) {
			if have, want := strings.Fields(shown(plain)), strings.Fields(body); strings.Join(have, " ") != strings.Join(want, " ") {
				t.Fatalf("%q shows as %q", want, have)
			}
		}
		for _, word := range strings.Fields(got) {
			if word = strings.TrimLeft(word, ">"); strings.Contains(word, "@") && !strings.Contains(html.UnescapeString(body), "@") {
				t.Fatalf("%q shows, and is not there", word)
			}
		}
	})
}

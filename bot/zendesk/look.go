package zendesk

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	nethtml "golang.org/x/net/html"
)

// smallest is the size in pixels below which nobody reads a text.
const smallest = 4

// look is how a text shows where it stands.
type look struct {
	color, back rgb
	size        float64 // in pixels
	unseen      bool    // by visibility, which what lies within may set back
	pre         bool    // line breaks show
}

func (l look) legible() bool { return !l.unseen && l.size >= smallest && !l.color.like(l.back) }

// take applies an element's style; false if neither it nor what lies in it
// shows.
func (l *look) take(n *nethtml.Node) bool {
	if n.Data == "pre" {
		l.pre = true
	}
	for _, a := range n.Attr {
		value := strings.ToLower(strings.TrimSpace(a.Val))
		switch {
		case a.Key == "bgcolor":
			l.back = l.back.under(value)
		case a.Key == "background":
			l.back = rgb{unknown: true} // a picture may have any colour
		case a.Key == "color" && n.Data == "font":
			l.color = l.color.or(value)
		case (a.Key == "width" || a.Key == "height") && narrow(value):
			return false
		case a.Key == "dir" && n.Data == "bdo":
			return false // it may read backwards
		case a.Key == "style" && !l.style(value):
			return false
		}
	}
	return true
}

var cssComment = regexp.MustCompile(`(?s)/\*.*?(\*/|$)`)

// style applies declarations; false if they hide.
func (l *look) style(css string) bool {
	css = cssComment.ReplaceAllString(strings.ToLower(css), "")
	if strings.ContainsAny(css, `\`) || strings.Contains(css, "var(") {
		return false // spelled so that only a browser reads it
	}
	for decl := range strings.SplitSeq(css, ";") {
		name, value, found := strings.Cut(decl, ":")
		if !found {
			continue
		}
		name = strings.TrimSpace(name)
		value, _, _ = strings.Cut(value, "!") // important
		value = strings.TrimSpace(value)
		if hides(name, value) {
			return false
		}
		l.apply(name, value)
	}
	return true
}

// apply takes over what may show or not, by what stands round it.
func (l *look) apply(name, value string) {
	switch name {
	case "visibility":
		l.unseen = value == "hidden" || value == "collapse" || l.unseen && value != "visible"
	case "color", "-webkit-text-fill-color":
		l.color = l.color.or(value)
	case "background-color":
		l.back = l.back.under(value)
	case "background":
		if strings.Contains(value, "url(") || strings.Contains(value, "gradient") {
			l.back = rgb{unknown: true}
			break
		}
		for _, word := range strings.Fields(strings.NewReplacer(", ", ",", " ,", ",").Replace(value)) {
			if _, ok := parseColor(word); ok {
				l.back = l.back.under(word)
			}
		}
	case "background-image":
		if value != "none" {
			l.back = rgb{unknown: true}
		}
	case "font-size":
		l.size = sized(value, l.size)
	case "font":
		for _, word := range strings.Fields(value) {
			size, _, _ := strings.Cut(word, "/")
			if n, ok := length(size, l.size); ok {
				l.size = n
				break
			}
		}
	case "white-space":
		l.pre = strings.HasPrefix(value, "pre")
	}
}

// hides is true for a declaration after which nothing of an element shows, or
// not where a reader looks, or not as it is written.
func hides(name, value string) bool {
	switch name {
	case "display":
		return value == "none"
	case "content-visibility":
		return value == "hidden"
	case "opacity":
		n, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
		return err != nil || n < 0.2 || strings.HasSuffix(value, "%") && n < 20
	case "mso-hide":
		return value != "none"
	case "width", "height", "max-width", "max-height":
		return narrow(value)
	case "line-height", "zoom", "scale":
		n, ok := length(value, 16)
		factor := strings.Trim(value, "0123456789.") == ""
		return ok && (factor && n < 0.4 || !factor && n < smallest)
	case "z-index":
		return strings.HasPrefix(value, "-")
	case "clip", "clip-path", "transform", "filter", "-webkit-transform", "mask", "mask-image", "-webkit-mask", "mix-blend-mode", "unicode-bidi", "rotate", "translate", "offset", "-webkit-text-security":
		return !slices.Contains([]string{"none", "auto", "normal", "embed", "isolate"}, value)
	case "text-indent", "left", "right", "top", "bottom", "margin", "margin-left", "margin-top", "margin-right", "margin-bottom", "letter-spacing", "word-spacing", "inset":
		for word := range strings.FieldsSeq(value) {
			if n, ok := length(word, 16); !ok && strings.Contains(word, "(") || n < -40 || n > 2000 || n < -2 && strings.HasSuffix(name, "spacing") {
				return true
			}
		}
	}
	return false
}

// narrow is true for a width or height that leaves no room for a text.
func narrow(value string) bool {
	n, ok := length(value, 100)
	return ok && n < 2*smallest
}

// sized is a font size, given the one that it is relative to.
func sized(value string, parent float64) float64 {
	switch value {
	case "inherit", "unset", "smaller", "larger", "revert":
		return parent
	}
	if n, ok := length(value, parent); ok {
		return n
	}
	if strings.Trim(value, "abcdefghijklmnopqrstuvwxyz-") == "" {
		return 16 // a word such as medium
	}
	return 0 // calc() and the like
}

var measure = regexp.MustCompile(`^([+-]?[0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)([a-z%]*)$`)

// length reads a CSS length in pixels; em and per cent are of a size.
func length(value string, of float64) (float64, bool) {
	m := measure.FindStringSubmatch(value)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	switch m[2] {
	case "", "px":
	case "pt":
		n *= 4.0 / 3
	case "pc", "rem":
		n *= 16
	case "em":
		n *= of
	case "ex", "ch":
		n *= of / 2
	case "%":
		n *= of / 100
	case "in":
		n *= 96
	case "cm":
		n *= 38
	case "mm":
		n *= 3.8
	case "vw", "vh", "vmin", "vmax":
		n *= 8
	default:
		return 0, false
	}
	return n, true
}

// rgb is a colour; unknown is set for one that is not read here, in which no
// text is held for legible.
type rgb struct {
	r, g, b float64
	unknown bool
}

func light() rgb { return rgb{r: 255, g: 255, b: 255} }
func dark() rgb  { return rgb{} }

// like is true for colours that nobody tells apart.
func (c rgb) like(o rgb) bool {
	if c.unknown || o.unknown {
		return true
	}
	return math.Abs(c.r-o.r)+math.Abs(c.g-o.g)+math.Abs(c.b-o.b) < 90
}

// or is the colour that a value names, or c where it names none of its own.
func (c rgb) or(value string) rgb {
	switch value {
	case "inherit", "currentcolor", "initial", "unset", "revert", "":
		return c
	}
	named, ok := parseColor(value)
	named.unknown = named.unknown || !ok
	return named
}

// under is or for a background: what shines through leaves c.
func (c rgb) under(value string) rgb {
	if named := c.or(value); value != "transparent" && (!named.unknown || !strings.HasPrefix(value, "rgba") && !strings.HasPrefix(value, "#")) {
		return named
	}
	return c
}

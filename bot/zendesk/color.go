package zendesk

import (
	"strconv"
	"strings"
)

// parseColor reads a colour as CSS and old HTML write it.
func parseColor(value string) (rgb, bool) {
	if n, ok := namedColors()[value]; ok {
		return rgb{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255), false}, true
	}
	if hex, ok := strings.CutPrefix(value, "#"); ok {
		return hexColor(hex)
	}
	name, rest, ok := strings.Cut(value, "(")
	if inner, closed := strings.CutSuffix(rest, ")"); ok && closed && (name == "rgb" || name == "rgba") {
		return rgbColor(inner)
	}
	if len(value) == 6 {
		return hexColor(value) // as bgcolor has it
	}
	return rgb{}, false
}

func hexColor(hex string) (rgb, bool) {
	switch len(hex) {
	case 3, 4:
		var long strings.Builder
		for i := range len(hex) {
			long.WriteString(hex[i:i+1] + hex[i:i+1])
		}
		hex = long.String()
	case 6, 8:
	default:
		return rgb{}, false
	}
	n, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		return rgb{}, false
	}
	if len(hex) == 8 {
		if n&255 < 128 {
			return rgb{unknown: true}, true // it shines through
		}
		n >>= 8
	}
	return rgb{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255), false}, true
}

func rgbColor(inner string) (rgb, bool) {
	parts := strings.FieldsFunc(inner, func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if len(parts) != 3 && len(parts) != 4 {
		return rgb{}, false
	}
	var n [4]float64
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSuffix(p, "%"), 64)
		if err != nil || v < 0 || v > 255 {
			return rgb{}, false
		}
		switch percent := strings.HasSuffix(p, "%"); {
		case percent && i == 3:
			v /= 100
		case percent:
			v *= 2.55
		}
		n[i] = v
	}
	if len(parts) == 4 && n[3] < 0.5 {
		return rgb{unknown: true}, true // it shines through
	}
	return rgb{n[0], n[1], n[2], false}, true
}

// namedColors are the names that mails use. Another name is unknown, and so is
// whether its text shows.
func namedColors() map[string]uint32 {
	return map[string]uint32{
		"black": 0x000000, "white": 0xffffff, "red": 0xff0000, "green": 0x008000, "blue": 0x0000ff, "navy": 0x000080, "gray": 0x808080, "grey": 0x808080,
		"silver": 0xc0c0c0, "maroon": 0x800000, "purple": 0x800080, "teal": 0x008080, "olive": 0x808000, "lime": 0x00ff00, "aqua": 0x00ffff, "cyan": 0x00ffff,
		"fuchsia": 0xff00ff, "magenta": 0xff00ff, "yellow": 0xffff00, "orange": 0xffa500, "brown": 0xa52a2a, "darkblue": 0x00008b, "darkgray": 0xa9a9a9,
		"darkgrey": 0xa9a9a9, "darkred": 0x8b0000, "darkgreen": 0x006400, "dimgray": 0x696969, "dimgrey": 0x696969, "lightgray": 0xd3d3d3, "lightgrey": 0xd3d3d3,
		"whitesmoke": 0xf5f5f5, "snow": 0xfffafa, "ivory": 0xfffff0, "gold": 0xffd700, "crimson": 0xdc143c, "steelblue": 0x4682b4, "royalblue": 0x4169e1,
		// What the system's text and page have.
		"windowtext": 0x000000, "canvastext": 0x000000, "window": 0xffffff, "canvas": 0xffffff, "linktext": 0x0000ee,
	}
}

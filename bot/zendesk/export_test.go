package zendesk

// BoundText lowers the bound of what the comments of one ticket hold together.
func (d *Desk) BoundText(bytes int) { d.maxText = bytes }

package talk

import (
	"privacydesk/bot/policy"
	"privacydesk/bot/zendesksim"
)

// How a ticket or a reply differs from the usual.

// ByMail makes a reply come by mail, with what Zendesk doubts of its sender.
func ByMail(flags ...int) func(*zendesksim.ReplyOptions) {
	return func(o *zendesksim.ReplyOptions) { o.Channel, o.Flags = "email", flags }
}

// FiledByMail makes a ticket come by mail.
func FiledByMail(flags ...int) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) {
		n.Channel, n.Flags, n.Recipient = "email", flags, "privacy@vendor.example"
	}
}

// ForTenant fills the account's field of the form in.
func ForTenant(k *Talk, tenant string) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) { n.CustomFields[k.TenantField] = tenant }
}

// Referring fills the customer's own reference in.
func Referring(k *Talk, text string) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) { n.CustomFields[k.ReferenceField] = text }
}

// AskedOn fills in on which date the consumer asked.
func AskedOn(k *Talk, date string) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) { n.CustomFields[k.AskedOnField] = date }
}

// Under says under which law the consumer asked.
func Under(k *Talk, law policy.Law) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) { n.CustomFields[k.LawField] = "law_" + string(law) }
}

// Attesting ticks the box that says that the person's request was verified.
func Attesting(k *Talk) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) { n.CustomFields[k.AttestedField] = true }
}

// ByAgent makes an agent file the ticket in the requester's name.
func ByAgent(k *Talk) func(*zendesksim.NewTicket) {
	agent := k.Agent().ID
	return func(n *zendesksim.NewTicket) { n.SubmitterID = agent }
}

// With attaches files to a filed ticket.
func With(files ...zendesksim.File) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) { n.Files = files }
}

// Attaching attaches files to a reply.
func Attaching(files ...zendesksim.File) func(*zendesksim.ReplyOptions) {
	return func(o *zendesksim.ReplyOptions) { o.Files = files }
}

// Titled gives a ticket its subject line.
func Titled(subject string) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) { n.Subject = subject }
}

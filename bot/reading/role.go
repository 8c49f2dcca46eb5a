package reading

import (
	"slices"
	"strings"
)

// roleNames are local parts behind which sits an office and no single person,
// in English, German, French and Spanish; the first ones by RFC 2142.
func roleNames() []string {
	return []string{
		"info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "usenet", "news", "webmaster", "www", "uucp", "ftp",
		"accounting", "accounts", "admin", "administrator", "admissions", "billing", "booking", "bookings", "careers", "contact", "customerservice", "desk", "dpo",
		"enquiries", "enquiry", "feedback", "finance", "hello", "help", "helpdesk", "hi", "hr", "inquiries", "invoice", "invoices", "it", "jobs", "legal", "mail", "mailbox",
		"management", "media", "newsletter", "no-reply", "noreply", "office", "orders", "order", "payroll", "post", "press", "privacy", "purchasing", "reception",
		"recruiting", "reservations", "root", "secretary", "service", "services", "shop", "staff", "store", "team", "welcome",
		"anfrage", "anfragen", "bestellung", "bewerbung", "buchhaltung", "buero", "büro", "datenschutz", "einkauf", "empfang", "kontakt", "kundenservice", "personal",
		"poststelle", "presse", "rechnung", "rechnungen", "sekretariat", "verkauf", "vertrieb", "verwaltung", "zentrale",
		"accueil", "administration", "commercial", "compta", "comptabilite", "comptabilité", "direction", "factures", "recrutement", "secretariat", "secrétariat", "ventes",
		"administracion", "administración", "atencion", "atención", "compras", "contacto", "contabilidad", "facturacion", "facturación", "oficina", "pedidos", "recepcion", "recepción",
		"soporte", "ventas",
	}
}

// IsRole reports whether an address, which is normalised, is by its name an
// office's rather than one person's: sales@, kontakt@. A plus-tag changes
// nothing about that.
func IsRole(address string) bool {
	local, _, _ := strings.Cut(address, "@")
	local, _, _ = strings.Cut(local, "+")
	return slices.Contains(roleNames(), local)
}

package zendesksim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// conditional is the subscription of a webhook that triggers call.
const conditional = "conditional_ticket_events"

type webhook struct {
	ID            string
	Name          string
	Description   string
	Endpoint      string
	Method        string
	Format        string
	Active        bool
	Subscriptions []string
	Secret        string
	CreatedBy     int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

func webhookRoutes() []route {
	return []route{
		{"GET", "/api/v2/webhooks", admins, listWebhooks},
		{"POST", "/api/v2/webhooks", admins, createWebhook},
		{"GET", "/api/v2/webhooks/*webhook", admins, showWebhook},
		{"PUT", "/api/v2/webhooks/*webhook", admins, updateWebhook},
		{"PATCH", "/api/v2/webhooks/*webhook", admins, updateWebhook},
		{"DELETE", "/api/v2/webhooks/*webhook", admins, deleteWebhook},
		{"GET", "/api/v2/webhooks/*webhook/signing_secret", admins, showSecret},
		{"POST", "/api/v2/webhooks/*webhook/signing_secret", admins, renewSecret},
	}
}

// AddWebhook registers a webhook and gives its id and signing secret. Without
// subscriptions it is one for triggers to call.
func (s *Sim) AddWebhook(endpoint string, subscriptions ...string) (id, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(subscriptions) == 0 {
		subscriptions = []string{conditional}
	}
	w := s.addWebhook(webhook{Name: "seeded", Endpoint: endpoint, Method: http.MethodPost, Format: "json", Active: true, Subscriptions: subscriptions})
	return w.ID, w.Secret
}

func (s *Sim) addWebhook(w webhook) *webhook {
	w.ID, w.Secret = "01"+strings.ToUpper(s.newToken(24)), s.newToken(43)+"="
	w.CreatedAt, w.UpdatedAt = s.now(), s.now()
	s.webhooks = append(s.webhooks, &w)
	return &w
}

func (s *Sim) webhook(id string) *webhook {
	at := slices.IndexFunc(s.webhooks, func(w *webhook) bool { return w.ID == id })
	if at < 0 {
		return nil
	}
	return s.webhooks[at]
}

func (w *webhook) view() object {
	status := "inactive"
	if w.Active {
		status = "active"
	}
	return object{
		"id": w.ID, "name": w.Name, "description": w.Description, "status": status, "endpoint": w.Endpoint, "http_method": w.Method,
		"request_format": w.Format, "subscriptions": w.Subscriptions, "created_at": stamp(w.CreatedAt), "updated_at": stamp(w.UpdatedAt),
		"created_by": idText(w.CreatedBy), "updated_by": idText(w.CreatedBy), "authentication": nil, "external_source": nil,
		"custom_headers": nil,
	}
}

func listWebhooks(c *call) (answer, error) {
	out := []object{}
	for _, w := range c.webhooks {
		if strings.Contains(w.Name, c.query("filter[name_contains]")) {
			out = append(out, w.view())
		}
	}
	return ok(object{
		"webhooks": out, "meta": object{"has_more": false, "after_cursor": nil, "before_cursor": nil},
		"links": object{"next": nil, "prev": nil},
	}), nil
}

type webhookInput struct {
	Webhook struct {
		Name          *string   `json:"name"`
		Description   *string   `json:"description"`
		Endpoint      *string   `json:"endpoint"`
		Method        *string   `json:"http_method"`
		Format        *string   `json:"request_format"`
		Status        *string   `json:"status"`
		Subscriptions *[]string `json:"subscriptions"`
	} `json:"webhook"`
}

func (in webhookInput) apply(w *webhook) error {
	p := in.Webhook
	put(&w.Name, p.Name)
	put(&w.Description, p.Description)
	put(&w.Endpoint, p.Endpoint)
	put(&w.Method, p.Method)
	put(&w.Format, p.Format)
	put(&w.Subscriptions, p.Subscriptions)
	if p.Status != nil {
		w.Active = *p.Status == "active"
	}
	var missing []string
	for name, v := range map[string]string{"name": w.Name, "endpoint": w.Endpoint, "http_method": w.Method, "request_format": w.Format} {
		if v == "" {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		return badRequest("Parameter webhook: missing " + strings.Join(missing, ", "))
	}
	if slices.Contains(w.Subscriptions, conditional) && len(w.Subscriptions) > 1 {
		return badRequest("A webhook is either for triggers (conditional_ticket_events) or for events")
	}
	if w.Method != http.MethodPost || w.Format != "json" {
		return badRequest("The simulator delivers by POST and as json only")
	}
	return nil
}

func createWebhook(c *call) (answer, error) {
	var in webhookInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	w := webhook{CreatedBy: c.user.ID, Subscriptions: []string{}}
	if err := in.apply(&w); err != nil {
		return answer{}, err
	}
	row := c.addWebhook(w)
	v := row.view()
	v["signing_secret"] = secretView(row)
	return created(object{"webhook": v}), nil
}

func secretView(w *webhook) object { return object{"algorithm": "SHA256", "secret": w.Secret} }

func (c *call) theWebhook() (*webhook, error) {
	w := c.webhook(strings.TrimSuffix(c.params["webhook"], ".json"))
	if w == nil {
		return nil, notFound()
	}
	return w, nil
}

func showWebhook(c *call) (answer, error) {
	w, err := c.theWebhook()
	if err != nil {
		return answer{}, err
	}
	return ok(object{"webhook": w.view()}), nil
}

func updateWebhook(c *call) (answer, error) {
	w, err := c.theWebhook()
	if err != nil {
		return answer{}, err
	}
	var in webhookInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	next := *w
	if err := in.apply(&next); err != nil {
		return answer{}, err
	}
	if slices.Contains(next.Subscriptions, conditional) != slices.Contains(w.Subscriptions, conditional) {
		return answer{}, badRequest("A webhook's connection method can't be changed") // Zendesk's help: the words are ours
	}
	next.UpdatedAt = c.now()
	*w = next
	return noContent(), nil
}

func deleteWebhook(c *call) (answer, error) {
	w, err := c.theWebhook()
	if err != nil {
		return answer{}, err
	}
	c.webhooks = slices.DeleteFunc(c.webhooks, func(o *webhook) bool { return o == w })
	return noContent(), nil
}

func showSecret(c *call) (answer, error) {
	w, err := c.theWebhook()
	if err != nil {
		return answer{}, err
	}
	return ok(object{"signing_secret": secretView(w)}), nil
}

func renewSecret(c *call) (answer, error) {
	w, err := c.theWebhook()
	if err != nil {
		return answer{}, err
	}
	w.Secret = c.newToken(43) + "="
	return created(object{"signing_secret": secretView(w)}), nil
}

// PointWebhook changes where a webhook calls, as an admin does when the
// receiver's address becomes known.
func (s *Sim) PointWebhook(id, endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.webhook(id); w != nil {
		w.Endpoint, w.UpdatedAt = endpoint, s.now()
	}
}

package zendesksim

// ruleKind is a kind of rule that an admin writes: the verbs of triggers and
// of automations are the same.
type ruleKind struct {
	name  string // in questions and answers
	path  string
	rows  func(*Sim) *table[trigger]
	list  handler
	read  func(c *call, into *trigger) error // the question's rule over what is there
	view  func(*call, *trigger) object
	store func(*Sim, trigger) *trigger
}

func (k ruleKind) routes() []route {
	return []route{
		{"GET", k.path, agents, k.list},
		{"POST", k.path, admins, k.create},
		{"GET", k.path + "/:id", agents, k.show},
		{"PUT", k.path + "/:id", admins, k.update},
		{"DELETE", k.path + "/:id", admins, k.remove},
	}
}

func (k ruleKind) answer(c *call, t *trigger) object { return object{k.name: k.view(c, t)} }

func (k ruleKind) create(c *call) (answer, error) {
	t := trigger{Active: true}
	if err := k.read(c, &t); err != nil {
		return answer{}, err
	}
	return created(k.answer(c, k.store(c.Sim, t))), nil
}

func (k ruleKind) show(c *call) (answer, error) {
	t := k.rows(c.Sim).get(c.id("id"))
	if t == nil {
		return answer{}, notFound()
	}
	return ok(k.answer(c, t)), nil
}

func (k ruleKind) update(c *call) (answer, error) {
	t := k.rows(c.Sim).get(c.id("id"))
	if t == nil {
		return answer{}, notFound()
	}
	next := *t
	if err := k.read(c, &next); err != nil {
		return answer{}, err
	}
	next.UpdatedAt = c.now()
	*t = next
	return ok(k.answer(c, t)), nil
}

func (k ruleKind) remove(c *call) (answer, error) {
	rows := k.rows(c.Sim)
	if rows.get(c.id("id")) == nil {
		return answer{}, notFound()
	}
	rows.remove(c.id("id"))
	return noContent(), nil
}

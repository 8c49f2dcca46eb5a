// Package deploy_test checks what nothing here can run: that the Dockerfile, the unit and the manifests agree with each other
// and with the program, and keep what they promise.
package deploy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// instruction is one of a Dockerfile's: its name and all that follows, continuation lines joined.
type instruction struct{ name, rest string }

func dockerfile(t *testing.T) []instruction {
	t.Helper()
	var found []instruction
	text := strings.ReplaceAll(read(t, "../Dockerfile"), "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		found = append(found, instruction{name, strings.TrimSpace(rest)})
	}
	return found
}

// finalStage returns the instructions that make the image itself.
func finalStage(t *testing.T) []instruction {
	t.Helper()
	all := dockerfile(t)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].name == "FROM" {
			return all[i:]
		}
	}
	t.Fatal("the Dockerfile has no FROM")
	return nil
}

// only returns what follows the one instruction of that name.
func only(t *testing.T, stage []instruction, name string) string {
	t.Helper()
	var found []string
	for _, each := range stage {
		if each.name == name {
			found = append(found, each.rest)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d instructions %s in the final stage, want 1", len(found), name)
	}
	return found[0]
}

// argv reads an instruction's exec form: the shell form needs a shell, which the image lacks.
func argv(t *testing.T, text string) []string {
	t.Helper()
	var args []string
	if err := json.Unmarshal([]byte(text[max(0, strings.Index(text, "[")):]), &args); err != nil {
		t.Fatalf("%q isn't in exec form: %v", text, err)
	}
	return args
}

func TestImageHoldsOnlyTheProgramAndIsNotRoot(t *testing.T) {
	stage := finalStage(t)
	if got := only(t, stage, "FROM"); got != "scratch" {
		t.Errorf("the image is made FROM %s, want scratch", got)
	}
	if got := only(t, stage, "USER"); !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(got) {
		t.Errorf("USER %s; want numbers other than 0, by which Kubernetes can tell that it isn't root", got)
	}
	program := argv(t, only(t, stage, "ENTRYPOINT"))[0]
	if check := argv(t, only(t, stage, "HEALTHCHECK")); check[0] != program {
		t.Errorf("the health check runs %s, which the image lacks; want %s", check[0], program)
	}
	built := false
	for _, each := range dockerfile(t) {
		built = built || each.name == "RUN" && strings.Contains(each.rest, "CGO_ENABLED=0") &&
			strings.Contains(each.rest, "-X main.version=") && strings.Contains(each.rest, "-o /out"+program+" ")
	}
	if !built {
		t.Errorf("no RUN builds a static %s with its version", program)
	}
}

func TestImagesArePinned(t *testing.T) {
	exact := regexp.MustCompile(`:\d+\.\d+\.\d+(-[a-z0-9.]+)?(@sha256:[0-9a-f]{64})?$`)
	var images []string
	for _, each := range dockerfile(t) {
		if words := strings.Fields(each.rest); each.name == "FROM" && !slices.Contains(words, "scratch") {
			images = append(images, slices.DeleteFunc(words, func(word string) bool { return strings.HasPrefix(word, "--") })[0])
		}
	}
	for _, file := range []string{"docker-compose.yml", "kubernetes.yml"} {
		for _, match := range regexp.MustCompile(`(?m)^\s*image:\s*(\S+)`).FindAllStringSubmatch(read(t, file), -1) {
			images = append(images, match[1])
		}
	}
	if len(images) != 3 {
		t.Fatalf("found the images %v, want 3", images)
	}
	for _, image := range images {
		if !exact.MatchString(image) {
			t.Errorf("%s isn't pinned to an exact version", image)
		}
	}
}

func TestImageIsBuiltWithTheGoOfTheModule(t *testing.T) {
	want := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "../go.mod"))
	if want == nil {
		t.Fatal("go.mod names no Go version")
	}
	if from := dockerfile(t)[0].rest; !strings.Contains(from, "golang:"+want[1]+"-") {
		t.Errorf("built FROM %s, and go.mod asks for Go %s", from, want[1])
	}
}

type composeFile struct {
	Services map[string]struct {
		Command     []string
		Environment []string
		Volumes     []string
		Ports       []string
		Image       string
		User        string
		Networks    []string
		Tmpfs       []string
		Healthcheck struct{ Test []string }
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		MemLimit    string   `yaml:"mem_limit"`
		PIDs        int      `yaml:"pids_limit"`
		Security    []string `yaml:"security_opt"`
		Ulimits     map[string]int
	}
	Networks map[string]struct{ Internal bool }
}

func compose(t *testing.T) composeFile {
	t.Helper()
	var file composeFile
	if err := yaml.Unmarshal([]byte(read(t, "docker-compose.yml")), &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestComposeRedisKeepsEverything(t *testing.T) {
	command := strings.Join(compose(t).Services["redis"].Command, " ")
	for _, want := range []string{"--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"} {
		if !strings.Contains(command, want) {
			t.Errorf("redis is started without %s", want)
		}
	}
}

type manifest struct {
	Kind string
	Spec struct {
		Replicas int
		Template struct {
			Spec struct {
				SecurityContext struct {
					RunAsNonRoot bool  `yaml:"runAsNonRoot"`
					RunAsUser    int64 `yaml:"runAsUser"`
				} `yaml:"securityContext"`
				Containers []container
				Volumes    []volume
			}
		}
	}
}

type volume struct {
	Name  string
	Claim struct {
		Name string `yaml:"claimName"`
	} `yaml:"persistentVolumeClaim"`
	EmptyDir *struct {
		SizeLimit string `yaml:"sizeLimit"`
	} `yaml:"emptyDir"`
}

type container struct {
	Args  []string
	Ports []struct {
		ContainerPort int `yaml:"containerPort"`
	}
	SecurityContext struct {
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
	} `yaml:"securityContext"`
	Resources    struct{ Limits map[string]string }
	VolumeMounts []struct {
		Name string
		Path string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
}

func deployment(t *testing.T) manifest {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "kubernetes.yml")))
	for {
		var each manifest
		err := decoder.Decode(&each)
		if errors.Is(err, io.EOF) {
			t.Fatal("kubernetes.yml holds no Deployment")
		}
		if err != nil {
			t.Fatal(err)
		}
		if each.Kind == "Deployment" {
			return each
		}
	}
}

func TestKubernetesRunsTwoUnprivilegedReplicas(t *testing.T) {
	spec := deployment(t).Spec
	pod := spec.Template.Spec
	if spec.Replicas != 2 || len(pod.Containers) != 1 {
		t.Fatalf("%d replicas of %d containers, want 2 of 1", spec.Replicas, len(pod.Containers))
	}
	if !pod.SecurityContext.RunAsNonRoot || pod.SecurityContext.RunAsUser == 0 {
		t.Error("the pod may run as root")
	}
	limits := pod.Containers[0].SecurityContext
	if !limits.ReadOnlyRootFilesystem || limits.AllowPrivilegeEscalation == nil || *limits.AllowPrivilegeEscalation {
		t.Error("the container may write to its image or gain privileges")
	}
	if pod.Containers[0].Resources.Limits["memory"] == "" || pod.Containers[0].Resources.Limits["ephemeral-storage"] == "" {
		t.Error("the container may use all memory, or all of its machine's disk")
	}
	for _, v := range pod.Volumes {
		if v.EmptyDir != nil && v.EmptyDir.SizeLimit == "" {
			t.Errorf("the volume %s may fill the machine's disk", v.Name)
		}
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if !slices.ContainsFunc(pod.Volumes, func(v volume) bool { return v.Name == mount.Name }) {
			t.Errorf("the volume %s is mounted and not declared", mount.Name)
		}
	}
}

// TestKubernetesKeepsTheDataFolder: it holds the keys of all requests, and
// replicas refuse to start where it isn't one for all.
func TestKubernetesKeepsTheDataFolder(t *testing.T) {
	pod := deployment(t).Spec.Template.Spec
	claim := ""
	for _, mount := range pod.Containers[0].VolumeMounts {
		if mount.Path != only(t, finalStage(t), "VOLUME") {
			continue
		}
		for _, v := range pod.Volumes {
			if v.Name == mount.Name {
				claim = v.Claim.Name
			}
		}
	}
	_, declared, _ := strings.Cut(read(t, "kubernetes.yml"), "kind: PersistentVolumeClaim\n")
	declared, _, _ = strings.Cut(declared, "\n---")
	if claim == "" || !strings.Contains(declared, "name: "+claim+"\n") || !strings.Contains(declared, "[ReadWriteMany]") {
		t.Errorf("the data folder lies on %q, which is no claim of this file that all replicas may mount", claim)
	}
}

// TestWhatTheConfigurationNamesIsMounted: the sample names files below secrets
// and maps, and variables, which the container must see.
func TestWhatTheConfigurationNamesIsMounted(t *testing.T) {
	sample := read(t, "../config/sample.yml")
	mounted := map[string]string{"docker-compose.yml": strings.Join(compose(t).Services["privacydesk"].Volumes, "\n")}
	for _, mount := range deployment(t).Spec.Template.Spec.Containers[0].VolumeMounts {
		mounted["kubernetes.yml"] += mount.Path + "\n"
	}
	for _, folder := range []string{"secrets", "maps"} {
		for file, paths := range mounted {
			if !strings.Contains(sample, folder+"/") || !strings.Contains(paths, "/etc/privacydesk/"+folder) {
				t.Errorf("%s does not mount %s, which the sample names", file, folder)
			}
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^\s+\S*[a-z_]: \$\{env:(\w+)\}`).FindAllStringSubmatch(sample, -1) {
		if !slices.Contains(compose(t).Services["privacydesk"].Environment, match[1]) {
			t.Errorf("docker-compose.yml does not pass %s on", match[1])
		}
	}
}

func TestPortsAgree(t *testing.T) {
	port := only(t, finalStage(t), "EXPOSE")
	check := argv(t, only(t, finalStage(t), "HEALTHCHECK"))
	if url := check[len(check)-1]; !strings.Contains(url, ":"+port+"/") {
		t.Errorf("the health check asks %s, and the image exposes %s", url, port)
	}
	for _, published := range compose(t).Services["privacydesk"].Ports {
		if !strings.HasSuffix(published, ":"+port) {
			t.Errorf("docker-compose.yml publishes %s, and the image exposes %s", published, port)
		}
	}
	for _, each := range deployment(t).Spec.Template.Spec.Containers[0].Ports {
		if strconv.Itoa(each.ContainerPort) != port {
			t.Errorf("kubernetes.yml serves on %d, and the image exposes %s", each.ContainerPort, port)
		}
	}
}

// TestCommandsExist asks the program itself about each command line that the files here write.
func TestCommandsExist(t *testing.T) {
	stage := finalStage(t)
	unit := regexp.MustCompile(`(?m)^ExecStart=\S+ (.+)$`).FindStringSubmatch(read(t, "privacydesk.service"))
	if unit == nil {
		t.Fatal("the unit starts nothing")
	}
	lines := map[string][]string{
		"Dockerfile CMD":         argv(t, only(t, stage, "CMD")),
		"Dockerfile HEALTHCHECK": argv(t, only(t, stage, "HEALTHCHECK"))[1:],
		"privacydesk.service":    strings.Fields(unit[1]),
		"docker-compose.yml":     compose(t).Services["privacydesk"].Command,
		"kubernetes.yml":         deployment(t).Spec.Template.Spec.Containers[0].Args,
	}
	program := build(t)
	for place, line := range lines {
		if len(line) == 0 {
			t.Errorf("%s: no command", place)
			continue
		}
		help, err := exec.CommandContext(t.Context(), program, line[0], "--help").CombinedOutput()
		if err != nil {
			t.Errorf("%s: privacydesk %s --help: %v\n%s", place, line[0], err, help)
			continue
		}
		for _, word := range line[1:] {
			if strings.HasPrefix(word, "--") && !bytes.Contains(help, []byte(word)) {
				t.Errorf("%s: privacydesk %s knows no %s", place, line[0], word)
			}
		}
	}
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "privacydesk")
	command := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "../cmd/privacydesk")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

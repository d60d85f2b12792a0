// Kubeyaml reads YAML and JSON as `kubectl apply -f` does and says what it made of them.
//
// Each line of standard input is a JSON object with "id" and "data" (base64); each line of standard output is a JSON
// object with the same "id" and "documents", in order: {"json": …} for what kubectl would send on (null for an empty
// document) or {"error": "…"} for what it refuses. One process answers for any number of inputs.
//
// The path of the bytes is that of k8s.io/cli-runtime/pkg/resource (FileVisitor, StreamVisitor) in kubectl 1.37, but
// that kubectl stops at the first error of a file; here the documents after it are read too.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

type input struct {
	ID   string `json:"id"`
	Data []byte `json:"data"`
}

type document struct {
	JSON  json.RawMessage `json:"json,omitempty"`
	Error string          `json:"error,omitempty"`
}

type output struct {
	ID        string     `json:"id"`
	Documents []document `json:"documents"`
}

func main() {
	if err := answer(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kubeyaml:", err)
		os.Exit(1)
	}
}

func answer(in io.Reader, out io.Writer) error {
	buffered := bufio.NewWriter(out)
	requests, answers := json.NewDecoder(in), json.NewEncoder(buffered)
	for {
		var request input
		if err := requests.Decode(&request); err == io.EOF {
			return buffered.Flush()
		} else if err != nil {
			return err
		}
		if err := answers.Encode(output{request.ID, documents(request.Data)}); err != nil {
			return fmt.Errorf("%s: %w", request.ID, err)
		}
	}
}

func documents(data []byte) []document {
	// A byte order mark decides the encoding, and what is not UTF-8 becomes U+FFFD, as in FileVisitor.
	text := transform.NewReader(bytes.NewReader(data), unicode.BOMOverride(unicode.UTF8.NewDecoder()))
	decoder := yaml.NewYAMLOrJSONDecoder(text, 4096)
	found := []document{}
	for {
		extension := runtime.RawExtension{}
		err := decoder.Decode(&extension)
		if err == io.EOF || len(found) > 0 && fmt.Sprint(err) == "decoding failed as both JSON and YAML" {
			return found // the second says again that nothing can be read after a broken beginning
		}
		if err != nil {
			found = append(found, document{Error: err.Error()})
			if !goesOn(err) {
				return found
			}
			continue
		}
		raw := bytes.TrimSpace(extension.Raw)
		if len(raw) == 0 {
			raw = []byte("null")
		}
		found = append(found, document{JSON: raw})
	}
}

// goesOn tells whether the decoder can read the next document: the JSON half of it repeats its error for ever.
func goesOn(err error) bool {
	var yamlError yaml.YAMLSyntaxError
	var jsonError yaml.JSONSyntaxError // after it the decoder reads YAML
	return errors.As(err, &yamlError) || errors.As(err, &jsonError)
}

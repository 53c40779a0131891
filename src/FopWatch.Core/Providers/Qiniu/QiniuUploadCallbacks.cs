using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FopWatch.Jobs;

namespace FopWatch.Providers.Qiniu;

/// <summary>
/// Decodes Qiniu's upload callbacks. The <c>callbackBody</c> of the upload policy determines the body, as a form or as JSON (providers.md, section 1). The format
/// is recognised by the content, because a policy with a JSON body and no <c>callbackBodyType</c> is sent with the content type of forms.
/// </summary>
internal sealed class QiniuUploadCallbacks : IUploadCallbacks
{
    /// <summary>The most fields of a form. An upload policy is part of every upload token, so it is short.</summary>
    public const int MaxFields = 256;

    // The prefix of the names of the uploader's variables.
    private const string VariablePrefix = "x:";

    private static readonly string[] FileFields = ["bucket", "key", "hash"];

    private static readonly JsonWriterOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public DecodedUpload Decode(ReadOnlyMemory<byte> body, string idField)
    {
        var text = ByteOrderMark.Skip(body);
        var start = text.Span.IndexOfAnyExcept(" \t\r\n"u8);
        return start < 0 ? new() { Problem = "the body is empty" }
            : text.Span[start] == (byte)'{' ? DecodeJson(text, idField)
            : DecodeForm(text.Span, idField);
    }

    private static DecodedUpload DecodeJson(ReadOnlyMemory<byte> body, string idField)
    {
        if (JsonBody.Read(body, out var problem) is not { } json)
            return new() { Problem = problem };

        var fields = json.Root.EnumerateObject()
            .Where(field => field.Value.ValueKind != JsonValueKind.Null && (IsOfFile(field.Name) || IsVariable(field.Name)))
            .Select(field => KeyValuePair.Create(field.Name, field.Value.AsText()));
        var decoded = Of(fields) with { Answer = body };
        if (!json.Root.Has(idField))
            return decoded with { Problem = Missing(idField) };
        return json.Root.Field(idField) is not { } id ? decoded
            : id.ValueKind == JsonValueKind.String ? WithId(decoded, id.AsText(), idField)
            : decoded with { Problem = Invalid(idField) };
    }

    private static DecodedUpload DecodeForm(ReadOnlySpan<byte> body, string idField)
    {
        if (body.Count((byte)'&') >= MaxFields)
            return new() { Problem = $"the form has more than {MaxFields} fields" };

        var fields = new List<KeyValuePair<string, string>>();
        foreach (var pair in Encoding.UTF8.GetString(body).Split('&'))
        {
            if (pair.Length == 0)
                continue;
            var (name, value) = pair.Split('=', 2) is [var before, var after] ? (before, after) : (pair, "");
            fields.Add(new(WebUtility.UrlDecode(name), WebUtility.UrlDecode(value)));
        }

        var decoded = Of(fields) with { Answer = ToJson(fields) };
        var ids = fields.Where(field => field.Key == idField).Select(field => field.Value).Distinct(StringComparer.Ordinal).ToList();
        return ids switch
        {
            [] => decoded with { Problem = Missing(idField) },
            [var id] => WithId(decoded, id, idField),
            _ => decoded with { Problem = $"the body has the field '{idField}' twice, with different values" },
        };
    }

    private static DecodedUpload Of(IEnumerable<KeyValuePair<string, string>> fields)
    {
        var (file, variables, bytes) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal), 0);
        foreach (var (name, value) in fields)
        {
            if (IsOfFile(name))
            {
                if (value.Length > 0)
                    file[name] = value;
            }
            else if (IsVariable(name) && bytes <= Job.MaxMetadataBytes)
            {
                // The last of two fields with the same name counts, as in most form parsers.
                var variable = name[VariablePrefix.Length..];
                if (variables.TryGetValue(variable, out var earlier))
                    bytes -= SizeOf(variable, earlier);
                bytes += SizeOf(variable, value);
                variables[variable] = value;
            }
        }

        return new() { File = file, Variables = bytes <= Job.MaxMetadataBytes ? variables : null };
    }

    private static int SizeOf(string name, string value) => Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value);

    private static bool IsOfFile(string name) => FileFields.Contains(name, StringComparer.Ordinal);

    private static bool IsVariable(string name) => name.Length > VariablePrefix.Length && name.StartsWith(VariablePrefix, StringComparison.Ordinal);

    private static DecodedUpload WithId(DecodedUpload decoded, string id, string idField) =>
        // A variable without a value is null in JSON. A form, or a template with quotes, may contain the text "null".
        id is "" or "null" ? decoded
        : JobKey.IsValidId(id) ? decoded with { Id = id }
        : id.Contains("$(", StringComparison.Ordinal) ? decoded with { Problem = NotReplaced(idField) }
        : decoded with { Problem = Invalid(idField) };

    private static byte[] ToJson(IEnumerable<KeyValuePair<string, string>> fields)
    {
        var last = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in fields)
            last[name] = value;

        using var written = new MemoryStream();
        using (var json = new Utf8JsonWriter(written, Written))
        {
            json.WriteStartObject();
            foreach (var (name, value) in last)
                json.WriteString(name, value);
            json.WriteEndObject();
        }

        return written.ToArray();
    }

    private static string Missing(string idField) => $"the body has no field '{idField}'";

    private static string NotReplaced(string idField) =>
        $"the field '{idField}' has a variable that Qiniu did not replace: check how callbackBody spells $(persistentId), and UploadCallback:IdField";

    private static string Invalid(string idField) => $"the field '{idField}' is not {JobKey.IdRule}";
}

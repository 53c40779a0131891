using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FopWatch.Simulator;

/// <summary>Substitutes the variables of a <c>callbackBody</c>.</summary>
internal static partial class CallbackBody
{
    /// <param name="policy">The upload policy.</param>
    /// <param name="upload">The file.</param>
    /// <param name="persistentId">The id of its processing; null if there is none.</param>
    public static string Filled(UploadPolicy policy, Upload upload, string? persistentId)
    {
        var isForm = policy.CallbackBodyType == UploadPolicy.Form && !policy.CallbackBody.StartsWith('{');
        return Variable().Replace(policy.CallbackBody, found =>
        {
            var value = ValueOf(found.Groups["name"].Value, upload, persistentId);
            if (isForm)
                return Uri.EscapeDataString(value ?? "");
            var text = JsonSerializer.Serialize(value, Text);
            return found.Groups["quote"].Value.Length == 0 ? text : value is null ? "\"\"" : text;
        });
    }

    private static readonly JsonSerializerOptions Text = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string? ValueOf(string name, Upload upload, string? persistentId) => name switch
    {
        "bucket" => upload.Bucket,
        "key" => upload.Key,
        "etag" => upload.Hash,
        "fsize" => upload.Size.ToString(CultureInfo.InvariantCulture),
        "persistentId" => persistentId,
        ['x', ':', .. var variable] => upload.Variables.GetValueOrDefault(variable),
        _ => null,
    };

    [GeneratedRegex("""(?<quote>"?)\$\((?<name>[^)]+)\)\k<quote>""")]
    private static partial Regex Variable();
}

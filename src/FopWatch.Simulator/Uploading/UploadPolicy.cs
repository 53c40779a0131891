namespace FopWatch.Simulator;

/// <summary>The part of a Qiniu upload policy that applies after an upload.</summary>
/// <param name="CallbackUrl">The URL of the callback. Several URLs separated by <c>;</c> are tried in order until one answers 200.</param>
/// <param name="CallbackBody">The body, with variables: <c>$(bucket)</c>, <c>$(key)</c>, <c>$(etag)</c>, <c>$(fsize)</c>, <c>$(persistentId)</c>, <c>$(x:name)</c>.</param>
public sealed record UploadPolicy(string CallbackUrl, string CallbackBody)
{
    /// <summary>The content type of a form, which is the default of a callback.</summary>
    public const string Form = "application/x-www-form-urlencoded";

    /// <summary>The content type of the body.</summary>
    public string CallbackBodyType { get; init; } = Form;

    /// <summary>The URL for the notifications of the processing; null for none.</summary>
    public Uri? PersistentNotifyUrl { get; init; }

    /// <summary>How the callback is signed, if the provider has keys.</summary>
    public SigningScheme Signing { get; init; } = SigningScheme.QBox;
}

/// <summary>An uploaded file.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key.</param>
/// <param name="Hash">The hash of its content.</param>
/// <param name="Size">The size in bytes.</param>
public sealed record Upload(string Bucket, string Key, string Hash, long Size)
{
    /// <summary>The variables that the uploader sends, by name without <c>x:</c>.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();
}

/// <summary>The answer to an uploader.</summary>
/// <param name="Status">200, or 579 if the file was uploaded but no callback was answered 200.</param>
/// <param name="Body">The JSON of the callback's answer, or an error.</param>
public sealed record UploadAnswer(int Status, string Body);

namespace FopWatch.Simulator;

/// <summary>The part of a Qiniu upload policy that says what happens after an upload.</summary>
/// <param name="CallbackUrl">Where the callback goes; several URLs separated by <c>;</c> are tried in order until one answers 200.</param>
/// <param name="CallbackBody">The body, with variables: <c>$(bucket)</c>, <c>$(key)</c>, <c>$(etag)</c>, <c>$(fsize)</c>, <c>$(persistentId)</c>, <c>$(x:name)</c>.</param>
public sealed record UploadPolicy(string CallbackUrl, string CallbackBody)
{
    /// <summary>The type of a form, which a callback has unless the policy says otherwise.</summary>
    public const string Form = "application/x-www-form-urlencoded";

    /// <summary>The content type of the body.</summary>
    public string CallbackBodyType { get; init; } = Form;

    /// <summary>Where the notifications of the processing go; null for nowhere.</summary>
    public Uri? PersistentNotifyUrl { get; init; }

    /// <summary>How the callback is signed, provided that the provider was given keys.</summary>
    public SigningScheme Signing { get; init; } = SigningScheme.QBox;
}

/// <summary>A file as its uploader sends it.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key.</param>
/// <param name="Hash">The hash of its content.</param>
/// <param name="Size">Its size in bytes.</param>
public sealed record Upload(string Bucket, string Key, string Hash, long Size)
{
    /// <summary>The variables that the uploader sends with it, by their names without <c>x:</c>.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();
}

/// <summary>What an uploader is answered.</summary>
/// <param name="Status">200, or 579 if the file was uploaded and no callback was answered 200.</param>
/// <param name="Body">The JSON that the callback was answered with, or an error.</param>
public sealed record UploadAnswer(int Status, string Body);

namespace FopWatch.Providers;

/// <summary>Decodes the upload callbacks of a provider, which it sends after an upload, before the processing of the file has ended.</summary>
public interface IUploadCallbacks
{
    /// <summary>Decodes a body. Never throws because of its content. Time and memory are linear in its length.</summary>
    /// <param name="body">The body.</param>
    /// <param name="idField">The name of the field with the id of the processing.</param>
    DecodedUpload Decode(ReadOnlyMemory<byte> body, string idField);
}

/// <summary>A decoded upload callback.</summary>
public sealed record DecodedUpload
{
    /// <summary>The answer if the body cannot be read.</summary>
    internal static readonly ReadOnlyMemory<byte> NoAnswer = "{}"u8.ToArray();

    /// <summary>The id of the processing; null if the upload asked for none, or if the body cannot be understood.</summary>
    public string? Id { get; init; }

    /// <summary>Why the body cannot be understood, for the operator and without quoting it; null if it can.</summary>
    public string? Problem { get; init; }

    /// <summary>The bucket of the uploaded file; null if the body does not name it.</summary>
    public string? Bucket => File.GetValueOrDefault("bucket");

    /// <summary>The file: <c>bucket</c>, <c>key</c> and <c>hash</c>, as far as the body names them.</summary>
    public IReadOnlyDictionary<string, string> File { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// The metadata that a job may get, in order of preference: the first that is not too large. The provider's description of the file takes precedence
    /// over a variable of the same name, which the uploader chooses. The last one is empty, because the job is more important than its metadata.
    /// </summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> MetadataChoices()
    {
        if (Variables is null)
            return [File, Jobs.Job.NoMetadata];
        var all = new Dictionary<string, string>(Variables, StringComparer.Ordinal);
        foreach (var (name, value) in File)
            all[name] = value;
        return [all, File, Jobs.Job.NoMetadata];
    }

    /// <summary>The variables of the uploader, without the prefix of their names; null if they exceed the metadata limit of a job.</summary>
    public IReadOnlyDictionary<string, string>? Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>The body as a JSON object: the answer to the callback, which the provider hands to the uploader.</summary>
    public ReadOnlyMemory<byte> Answer { get; init; } = NoAnswer;
}

namespace FopWatch.Providers;

/// <summary>How a provider's upload callbacks are read: what it sends when a file was uploaded, before the processing of the file has ended.</summary>
public interface IUploadCallbacks
{
    /// <summary>Reads a body. Never throws for what a body contains, and works in time and memory linear in its length.</summary>
    /// <param name="body">The body.</param>
    /// <param name="idField">The name of the field that has the id of the processing.</param>
    DecodedUpload Decode(ReadOnlyMemory<byte> body, string idField);
}

/// <summary>What an upload callback says.</summary>
public sealed record DecodedUpload
{
    /// <summary>The answer where the body cannot be read at all.</summary>
    internal static readonly ReadOnlyMemory<byte> NoAnswer = "{}"u8.ToArray();

    /// <summary>The id of the processing; null if none was asked for, or the body cannot be understood.</summary>
    public string? Id { get; init; }

    /// <summary>Why the body cannot be understood, in words for the operator that quote nothing of it; null if it can.</summary>
    public string? Problem { get; init; }

    /// <summary>The bucket that the file was uploaded to; null if the body does not say.</summary>
    public string? Bucket => File.GetValueOrDefault("bucket");

    /// <summary>What the body says of the file: <c>bucket</c>, <c>key</c> and <c>hash</c>, as far as it does.</summary>
    public IReadOnlyDictionary<string, string> File { get; init; } = new Dictionary<string, string>();

    /// <summary>The variables of the uploader, without the prefix of their names; null if they are more than a job may have.</summary>
    public IReadOnlyDictionary<string, string>? Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>The body as a JSON object: the answer to the callback, which the provider hands to the uploader.</summary>
    public ReadOnlyMemory<byte> Answer { get; init; } = NoAnswer;
}

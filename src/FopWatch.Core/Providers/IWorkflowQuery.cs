using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>The status query that a provider has for its workflows alone, and that only the account's owner may ask. Pure: no I/O, no state.</summary>
public interface IWorkflowQuery
{
    /// <summary>The endpoint of a source that gives none; null where the source's status endpoint is not the provider's own.</summary>
    /// <param name="statusEndpoint">The source's status endpoint.</param>
    Uri? DefaultEndpoint(Uri statusEndpoint);

    /// <summary>Where to ask for a job.</summary>
    Uri StatusUri(Uri endpoint, string id);

    /// <summary>The <c>Content-Type</c> that the question has, and that its signature covers.</summary>
    string ContentType { get; }

    /// <summary>The <c>Authorization</c> header of a question.</summary>
    /// <param name="uri">The whole URL that is asked.</param>
    /// <param name="accessKey">The access key.</param>
    /// <param name="secretKey">Its secret key.</param>
    string Authorize(Uri uri, string accessKey, byte[] secretKey);

    /// <summary>What an answer means, by its HTTP status; as <see cref="IProvider.Classify"/>.</summary>
    PollAnswer Classify(int status);

    /// <summary>
    /// Whether an answer that is <see cref="PollAnswer.NotFound"/> by its status says so itself. Any web server answers 404 for a path that
    /// it does not know.
    /// </summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The body.</param>
    bool IsUnknownId(int status, ReadOnlyMemory<byte> body);
}

using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>The separate status query of a provider for workflows, which needs a key of the account. Pure: no I/O, no state.</summary>
public interface IWorkflowQuery
{
    /// <summary>The default endpoint; null if the status endpoint of the source is not the provider's own.</summary>
    /// <param name="statusEndpoint">The status endpoint of the source.</param>
    Uri? DefaultEndpoint(Uri statusEndpoint);

    /// <summary>The URL of the query for a job.</summary>
    Uri StatusUri(Uri endpoint, string id);

    /// <summary>The <c>Content-Type</c> of the request, which its signature covers.</summary>
    string ContentType { get; }

    /// <summary>The <c>Authorization</c> header of a request.</summary>
    /// <param name="uri">The whole URL of the request.</param>
    /// <param name="accessKey">The access key.</param>
    /// <param name="secretKey">Its secret key.</param>
    string Authorize(Uri uri, string accessKey, byte[] secretKey);

    /// <summary>Classifies an answer by its HTTP status, like <see cref="IProvider.Classify"/>.</summary>
    PollAnswer Classify(int status);

    /// <summary>
    /// Whether the API itself says that it does not know the id, if the status of its answer is <see cref="PollAnswer.NotFound"/>. Any web server
    /// answers 404 for an unknown path.
    /// </summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The body.</param>
    bool IsUnknownId(int status, ReadOnlyMemory<byte> body);
}

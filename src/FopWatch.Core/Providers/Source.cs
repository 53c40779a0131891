using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>What may settle a job of a source.</summary>
public enum TrustRule
{
    /// <summary>Only a notification with a strong signature. Anything weaker makes the next poll due now.</summary>
    Signature,

    /// <summary>Any notification that came to the right URL, unless its signature is invalid.</summary>
    Token,
}

/// <summary>One configured account at one provider; validated.</summary>
public sealed record Source
{
    /// <summary>Its name: 1 to 64 of <c>A-Z a-z 0-9 _ -</c>, case-sensitive.</summary>
    public required string Name { get; init; }

    /// <summary>Its provider.</summary>
    public required IProvider Provider { get; init; }

    /// <summary>The base URL of the status API.</summary>
    public required Uri StatusEndpoint { get; init; }

    /// <summary>The base URL of the status API of workflows; null if it is not asked. It is asked only with a key.</summary>
    public Uri? WorkflowEndpoint { get; init; }

    /// <summary>Whether the status API of workflows can be asked: the source has its URL and a key.</summary>
    public bool CanAskForWorkflows => WorkflowEndpoint is not null && !Keys.IsEmpty && Provider.Workflows is not null;

    /// <summary>The tokens that make a notify URL right; at least one.</summary>
    public required NotifyTokens Tokens { get; init; }

    /// <summary>The keys that signatures are checked with, and that questions about workflows are signed with.</summary>
    public KeyRing Keys { get; init; } = KeyRing.Empty;

    /// <summary>The domains that outputs without a URL of the provider's are served under.</summary>
    public OutputDomains Domains { get; init; } = OutputDomains.None;

    /// <summary>The buckets and pipelines that its reports are about.</summary>
    public SourceScope Scope { get; init; } = SourceScope.Any;

    /// <summary>What may settle a job.</summary>
    public TrustRule Trust { get; init; } = TrustRule.Signature;

    /// <summary>The field of an upload callback that has the id of the processing.</summary>
    public string UploadIdField { get; init; } = DefaultUploadIdField;

    /// <summary>What <see cref="UploadIdField"/> is if nothing else is set: the name of the provider's variable.</summary>
    public const string DefaultUploadIdField = "persistentId";

    /// <summary>When to poll.</summary>
    public required PollSettings Poll { get; init; }
}

/// <summary>The configured sources, by name.</summary>
public sealed class Sources(IEnumerable<Source> sources)
{
    private readonly Dictionary<string, Source> _byName = sources.ToDictionary(source => source.Name, StringComparer.Ordinal);

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<Source> All => _byName.Values;

    /// <summary>The source of a name; null if there is none.</summary>
    public Source? Find(string? name) => name is null ? null : _byName.GetValueOrDefault(name);
}

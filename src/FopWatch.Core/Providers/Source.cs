using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>The notifications that may settle a job of a source.</summary>
public enum TrustRule
{
    /// <summary>Only a notification with a strong signature. Anything weaker makes the next poll due now.</summary>
    Signature,

    /// <summary>Any notification to a valid notify URL, unless its signature is invalid.</summary>
    Token,
}

/// <summary>A validated source: one configured account at one provider. Equal to another with the same settings.</summary>
public sealed record Source
{
    /// <summary>The name: 1 to 64 of <c>A-Z a-z 0-9 _ -</c>, case-sensitive.</summary>
    public required string Name { get; init; }

    /// <summary>The provider.</summary>
    public required IProvider Provider { get; init; }

    /// <summary>The base URL of the status API.</summary>
    public required Uri StatusEndpoint { get; init; }

    /// <summary>The base URL of the workflow API; null if it is not used. It needs a key.</summary>
    public Uri? WorkflowEndpoint { get; init; }

    /// <summary>Whether the workflow API can be asked: the source has its URL and a key.</summary>
    public bool CanAskForWorkflows => WorkflowEndpoint is not null && !Keys.IsEmpty && Provider.Workflows is not null;

    /// <summary>The valid tokens of the notify URL; at least one.</summary>
    public required NotifyTokens Tokens { get; init; }

    /// <summary>The keys that verify signatures and sign requests to the workflow API.</summary>
    public KeyRing Keys { get; init; } = KeyRing.Empty;

    /// <summary>The domains of outputs for which the provider gives no URL.</summary>
    public OutputDomains Domains { get; init; } = OutputDomains.None;

    /// <summary>The buckets and pipelines of the source.</summary>
    public SourceScope Scope { get; init; } = SourceScope.Any;

    /// <summary>The notifications that may settle a job.</summary>
    public TrustRule Trust { get; init; } = TrustRule.Signature;

    /// <summary>The field of an upload callback with the id of the processing.</summary>
    public string UploadIdField { get; init; } = DefaultUploadIdField;

    /// <summary>The default of <see cref="UploadIdField"/>: the name of the provider's variable.</summary>
    public const string DefaultUploadIdField = "persistentId";

    /// <summary>When to poll.</summary>
    public required PollSettings Poll { get; init; }
}

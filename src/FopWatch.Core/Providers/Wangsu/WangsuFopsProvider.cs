using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Providers.Wangsu;

/// <summary>Wangsu persistent processing: transcoding, screenshots.</summary>
internal sealed class WangsuFopsProvider : WangsuProvider
{
    public override ProviderKind Kind => ProviderKind.WangsuFops;

    protected override string StatusPath => "status/get/prefop?persistentId";

    protected override string? BucketOf(string command) => Base64Text.BucketOf(command, "saveas");

    /// <summary>Keys are <c>bucket:key</c>, split at the first colon. They are redacted before the split, because half a URL is not recognised as a URL.</summary>
    protected override OutputFacts Named(string key, string? bucket)
    {
        key = CommandRedaction.RedactUrl(key)!;
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 ? new() { Bucket = key[..colon], Key = key[(colon + 1)..] } : new() { Bucket = bucket, Key = key };
    }
}

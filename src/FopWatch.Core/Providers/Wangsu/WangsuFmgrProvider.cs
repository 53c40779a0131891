using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Providers.Wangsu;

/// <summary>Wangsu file management: copy, move, delete, fetch, compress, decompress.</summary>
internal sealed class WangsuFmgrProvider : WangsuProvider
{
    /// <inheritdoc/>
    public override ProviderKind Kind => ProviderKind.WangsuFmgr;

    /// <inheritdoc/>
    protected override string StatusPath => "fmgr/status?persistentId";

    /// <inheritdoc/>
    protected override string? BucketOf(string command) => Base64Text.BucketOf(command, "bucket") ?? Base64Text.BucketOf(command, "saveas");

    /// <summary>Keys are plain.</summary>
    protected override OutputFacts Named(string key, string? bucket) => new() { Bucket = bucket, Key = key };
}

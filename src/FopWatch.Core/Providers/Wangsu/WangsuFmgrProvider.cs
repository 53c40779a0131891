using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Providers.Wangsu;

/// <summary>Wangsu file management: copy, move, delete, fetch, compress, decompress.</summary>
internal sealed class WangsuFmgrProvider : WangsuProvider
{
    public override ProviderKind Kind => ProviderKind.WangsuFmgr;

    protected override string StatusPath => "fmgr/status?persistentId";

    protected override string? BucketOf(string command) => Base64Text.BucketOf(command, "bucket") ?? Base64Text.BucketOf(command, "saveas");

    /// <summary>
    /// Commands that begin with the bucket (delete, delete by prefix, delete m3u8, set a deadline) have no source for an output. The file that they name is
    /// their input (providers.md, section 2).
    /// </summary>
    protected override InputFacts? InputOf(string command, string? key)
    {
        if (!command.StartsWith("bucket/", StringComparison.OrdinalIgnoreCase))
            return null;

        key ??= Base64Text.ValueOf(command, "key") ?? Base64Text.ValueOf(command, "prefix") ?? "";
        return new() { Bucket = BucketOf(command), Key = key };
    }

    protected override OutputFacts Named(string key, string? bucket) => new() { Bucket = bucket, Key = key };
}

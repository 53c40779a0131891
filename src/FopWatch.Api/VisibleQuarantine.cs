using FopWatch.Intake;
using FopWatch.Jobs;

namespace FopWatch.Api;

/// <summary>The quarantine, limited to some sources.</summary>
/// <param name="all">The whole quarantine.</param>
/// <param name="sources">The sources that the caller sees.</param>
internal sealed class VisibleQuarantine(IQuarantine all, IReadOnlyCollection<string> sources) : IQuarantine
{
    public ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Callers cannot add to the quarantine.");

    public async ValueTask<string?> SourceOfAsync(string key, CancellationToken cancellationToken) =>
        await all.SourceOfAsync(key, cancellationToken) is { } source && sources.Contains(source) ? source : null;

    public async ValueTask<QuarantinedNotification?> FindAsync(string key, CancellationToken cancellationToken) =>
        await SourceOfAsync(key, cancellationToken) is null ? null : await all.FindAsync(key, cancellationToken);

    public ValueTask<Page<QuarantinedNotification>> ListAsync(
        IReadOnlyCollection<string>? wanted, int top, string? continuation, CancellationToken cancellationToken) =>
        all.ListAsync(wanted is null ? sources : [.. wanted.Where(sources.Contains)], top, continuation, cancellationToken);

    public async ValueTask RemoveAsync(string key, CancellationToken cancellationToken)
    {
        if (await SourceOfAsync(key, cancellationToken) is not null)
            await all.RemoveAsync(key, cancellationToken);
    }

    public async ValueTask<long> CountAsync(CancellationToken cancellationToken)
    {
        var count = 0L;
        foreach (var source in sources)
            count += (await all.SizeAsync(source, cancellationToken)).Notifications;
        return count;
    }

    public ValueTask<QuarantineSize> SizeAsync(string source, CancellationToken cancellationToken) =>
        sources.Contains(source) ? all.SizeAsync(source, cancellationToken) : new(new QuarantineSize(0, 0));
}

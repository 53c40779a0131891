using FopWatch.Intake;
using FopWatch.Jobs;

namespace FopWatch.Api;

/// <summary>The quarantine as a caller sees it who sees some sources only.</summary>
internal sealed class VisibleQuarantine(IQuarantine all, Caller caller) : IQuarantine
{
    public ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A caller puts nothing into quarantine.");

    public async ValueTask<QuarantinedNotification?> FindAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await all.FindAsync(key, cancellationToken) is { } found && caller.Sees(found.Source) ? found : null;
        }
        catch (UnreadableNotificationException)
        {
            // Whose it is cannot be read either.
            return null;
        }
    }

    /// <inheritdoc/>
    /// <remarks>Where the caller sees several sources, pages may be short: they are those of all sources without what the caller does not see.</remarks>
    public async ValueTask<Page<QuarantinedNotification>> ListAsync(string? source, int top, string? continuation, CancellationToken cancellationToken)
    {
        if (source is not null && !caller.Sees(source))
            return new([], null);
        if ((source ?? (caller.Sources is [var only] ? only : null)) is { } one)
            return await all.ListAsync(one, top, continuation, cancellationToken);

        var page = await all.ListAsync(null, top, continuation, cancellationToken);
        return page with { Elements = [.. page.Elements.Where(kept => caller.Sees(kept.Source))], Unreadable = [] };
    }

    public async ValueTask RemoveAsync(string key, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, cancellationToken) is not null)
            await all.RemoveAsync(key, cancellationToken);
    }

    public async ValueTask<long> CountAsync(CancellationToken cancellationToken)
    {
        var count = 0L;
        foreach (var source in caller.Sources ?? [])
            count += (await all.SizeAsync(source, cancellationToken)).Notifications;
        return count;
    }

    public ValueTask<QuarantineSize> SizeAsync(string source, CancellationToken cancellationToken) =>
        caller.Sees(source) ? all.SizeAsync(source, cancellationToken) : new(new QuarantineSize(0, 0));
}

using FopWatch.PortContracts;
using FopWatch.Sqlite;
using FopWatch.Webhooks;

namespace FopWatch.Local.Tests.Webhooks;

public sealed class SqliteWebhookCursorsTests : WebhookCursorsContract
{
    private readonly TempFolder _folder = new();
    private SqliteStore? _store;

    protected override async ValueTask<IWebhookCursors> OpenAsync()
    {
        _store = await SqliteStore.OpenAsync(_folder.FullName, TimeProvider.System, cancellationToken: Cancelled);
        return _store.Webhooks;
    }

    protected override async ValueTask<IWebhookCursors> ReopenAsync()
    {
        await _store!.DisposeAsync();
        return await OpenAsync();
    }

    protected override async ValueTask CloseAsync()
    {
        await _store!.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Data_of_a_later_version_or_damaged_data_is_read_as_far_as_possible()
    {
        await Port.WriteAsync(new() { Name = "crm", Position = 7 }, [], Cancelled);
        await _store!.Database.WriteAsync(
            session => session.Execute("UPDATE webhooks SET paused = 'tired', paused_at = -1, attempts = 9000000000000"), Cancelled);

        var read = (await Port.FindAsync("crm", Cancelled))!;

        Assert.Equal((7L, WebhookPause.Operator, null, WebhookRetries.MostAttempts), (read.Position, read.Paused, read.PausedAt, read.Attempts));
    }
}

using FopWatch.Intake;
using FopWatch.PortContracts;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Unreadable notifications in quarantine are named and do not affect others.</summary>
public sealed class DamagedQuarantineTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("headers = 'not JSON'")]
    [InlineData("headers = 'null'")]
    [InlineData("headers = '[null]'")]
    [InlineData("headers = '[[\"one\"]]'")]
    [InlineData("headers = '[[\"one\",null]]'")]
    [InlineData("headers = '[[\"one\",\"tw'")]
    [InlineData("headers = ''")]
    [InlineData("url = 'no url'")]
    [InlineData("url = ''")]
    [InlineData("received_at = 9223372036854775807")]
    [InlineData("received_at = -1")]
    public async Task A_notification_with_a_damaged_row_is_named_and_does_not_affect_others(string damage)
    {
        await using var temp = await TempStore.OpenAsync();
        IQuarantine quarantine = temp.Store.Quarantine;
        foreach (var key in (string[])["1", "2", "3", "4"])
            await quarantine.AddAsync(Sample.Notification(key), Cancelled);
        temp.Scalar($"UPDATE quarantine SET {damage} WHERE key = '3'");

        var page = await quarantine.ListAsync(null, 10, null, Cancelled);
        Assert.Equal(["4", "2", "1"], page.Elements.Select(one => one.Key));
        Assert.Equal(["3"], page.Unreadable);
        var second = await quarantine.ListAsync(["media"], 2, (await quarantine.ListAsync(["media"], 2, null, Cancelled)).Continuation, Cancelled);
        Assert.Equal(["2", "1"], second.Elements.Select(one => one.Key));
        await Assert.ThrowsAsync<UnreadableNotificationException>(async () => await quarantine.FindAsync("3", Cancelled));
        Assert.Equal((4, 4), (await quarantine.CountAsync(Cancelled), (await quarantine.SizeAsync("media", Cancelled)).Notifications));

        await quarantine.RemoveAsync("3", Cancelled);
        Assert.Null(await quarantine.FindAsync("3", Cancelled));
    }
}

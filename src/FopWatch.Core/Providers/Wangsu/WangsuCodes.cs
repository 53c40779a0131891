using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Providers.Wangsu;

/// <summary>
/// What Wangsu's codes mean. The same number at the top level means different things in a notification and in an answer
/// (providers.md, section 2).
/// </summary>
/// <param name="Progress">How far the job has come.</param>
/// <param name="Closed">Whether the processing is over and all commands are listed.</param>
/// <param name="Delivery">What is said of the notification; null if nothing is.</param>
/// <param name="AsksForPoll">Whether the processing is over and commands may be missing.</param>
internal readonly record struct WangsuCodes(JobProgress Progress, bool Closed, NotificationDelivery? Delivery, bool AsksForPoll)
{
    /// <summary>What the top level of a body says.</summary>
    public static WangsuCodes Of(ReportChannel channel, JsonElement root) =>
        channel == ReportChannel.Poll ? OfAnswer(root.Integer("code")) : OfNotification(root.Integer("code"), IsSeparate(root));

    /// <summary>
    /// Whether a body that closes the job may leave out commands: a notification that does not say that it was not sent separately. Whether
    /// one that was sent separately always says so is not known.
    /// </summary>
    public bool MayLackCommands(ReportChannel channel, JsonElement root) =>
        Closed && channel == ReportChannel.Notification && root.Field("separate") is null;

    /// <summary>What the code of a command says; the same in both.</summary>
    public static ItemState StateOf(long? code) => code switch
    {
        0 => ItemState.Waiting,
        1 => ItemState.Processing,
        2 or 18 or 19 or 20 => ItemState.Failed,
        3 or 4 or 5 or 6 => ItemState.Succeeded,
        _ => ItemState.Unknown,
    };

    /// <summary>What the codes of the commands say of the notification.</summary>
    public static NotificationDelivery DeliveryOf(IReadOnlyCollection<JsonElement> items)
    {
        var codes = items.Select(item => item.Integer("code")).ToList();
        return codes.Any(code => code is 5 or 19) ? NotificationDelivery.Failed
            : codes.Any(code => code is 4 or 18) ? NotificationDelivery.Pending
            : codes.Count > 0 && codes.All(code => code is 6 or 20) ? NotificationDelivery.Delivered
            : NotificationDelivery.Unknown;
    }

    private static WangsuCodes OfAnswer(long? code) => code switch
    {
        0 => new(JobProgress.Waiting, false, null, false),
        1 => new(JobProgress.Processing, false, null, false),
        3 => new(JobProgress.Processing, true, null, false),
        4 => new(JobProgress.Processing, true, NotificationDelivery.Pending, false),
        5 => new(JobProgress.Processing, true, NotificationDelivery.Failed, false),
        6 => new(JobProgress.Processing, true, NotificationDelivery.Delivered, false),
        _ => default,
    };

    private static WangsuCodes OfNotification(long? code, bool separate) => code switch
    {
        // Sent separately, whatever else the body says: more are to come.
        1 or 2 => new(JobProgress.Processing, false, NotificationDelivery.Pending, false),
        // Whether the last of several lists all commands is not known, so only an answer can close the job.
        3 => new(JobProgress.Processing, !separate, NotificationDelivery.Delivered, separate),
        _ => default,
    };

    /// <summary>Anything but a clear no counts as yes: that costs a poll, a wrong no an outcome.</summary>
    private static bool IsSeparate(JsonElement root) => root.Field("separate") is not null && root.Flag("separate") != false;
}

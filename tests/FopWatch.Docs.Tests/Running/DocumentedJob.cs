using FopWatch.Simulator;

namespace FopWatch.Docs.Tests;

/// <summary>The job of the documents' samples, at a provider that answers status queries.</summary>
internal static class DocumentedJob
{
    public static SimulatedJob Job { get; } = new()
    {
        Seed = 2,
        Id = "z0.560e99c37823de5a49c22393",
        Shape = BodyShape.QiniuClassic,
        Bucket = "lessons",
        Key = "in.mp4",
        DoneAfter = TimeSpan.Zero,
        Items =
        [
            new()
            {
                Command = "avthumb/m3u8/hlsKey/c2FtcGxlLWtleS0xMjM0NQ==",
                Fate = ItemFate.Succeeded,
                Outputs = [new("lessons", "out.m3u8", "FuYTvVs0nZkBZb5ZpIM2OOLzCkNK", 1024)],
            },
            new() { Command = "vframe/jpg/offset/7", Fate = ItemFate.Failed, Error = "not a valid media" },
        ],
    };

    public static async Task<SimulatedProvider> StartProviderAsync()
    {
        var provider = await SimulatedProvider.StartAsync();
        await provider.SubmitAsync(Job, notifyUrl: null);
        return provider;
    }
}

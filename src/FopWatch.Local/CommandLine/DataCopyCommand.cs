using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary>The output and exit codes that <c>backup</c> and <c>restore</c> share.</summary>
internal static class DataCopyCommand
{
    public static Task<int> RunAsync(Terminal terminal, ParseResult result, bool json, string done, Func<CopiedData> copy, Func<string, bool>? isOfBackup = null) =>
        HostOptions.GuardAsync(terminal, result, async () =>
        {
            try
            {
                var copied = await Task.Run(copy);
                var file = Path.GetFullPath(copied.File);
                if (json)
                    terminal.Output.WriteLine(JsonSerializer.Serialize(new(file, copied.Bytes, copied.Format), CopyJson.Default.CopyAnswer));
                else
                    terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done} {file} ({copied.Bytes:N0} bytes, checked)"));
                foreach (var left in isOfBackup is null ? [] : DataCopy.LeftBeside(file, isOfBackup))
                    terminal.WriteErrorLine($"A backup that did not end left {left}. Delete it, unless a backup is running.");
                return ExitCodes.Ok;
            }
            catch (DamagedCopyException e)
            {
                terminal.WriteErrorLine(new Piece(TextCut.Of(e.Message, 1000), Terminal.Wrong));
                return ExitCodes.Failed;
            }
            catch (StoreOpenException e)
            {
                terminal.WriteErrorLine(new Piece(TextCut.Of(e.Message, 1000), Terminal.Wrong));
                return ExitCodes.Unreachable;
            }
        });
}

/// <summary>The result of a copy as JSON.</summary>
internal sealed record CopyAnswer(string File, long Bytes, long Format);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CopyAnswer))]
internal sealed partial class CopyJson : JsonSerializerContext;

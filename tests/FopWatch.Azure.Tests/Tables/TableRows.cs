using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The rows of a table in a file: a JSON object per line, with each column's EDM type; compressed with Brotli.</summary>
internal static class TableRows
{
    private static readonly string[] OfTheService = ["odata.etag", "Timestamp", "PartitionKey", "RowKey"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task WriteAsync(TableClient table, string file)
    {
        await using var lines = new StreamWriter(new BrotliStream(File.Create(file), CompressionLevel.SmallestSize)) { NewLine = "\n" };
        await foreach (var row in table.QueryAsync<TableEntity>(cancellationToken: Cancelled))
        {
            var line = new JsonObject { ["PartitionKey"] = row.PartitionKey, ["RowKey"] = row.RowKey };
            foreach (var (name, value) in row.Where(column => !OfTheService.Contains(column.Key)).OrderBy(column => column.Key, StringComparer.Ordinal))
            {
                var (type, text) = Written(value);
                line[$"{name}@{type}"] = text;
            }

            await lines.WriteLineAsync(line.ToJsonString());
        }
    }

    public static async Task ReadAsync(TableClient table, string file)
    {
        await table.CreateIfNotExistsAsync(Cancelled);
        using var lines = new StreamReader(new BrotliStream(File.OpenRead(file), CompressionMode.Decompress));
        while (await lines.ReadLineAsync(Cancelled) is { } line)
        {
            var columns = JsonSerializer.Deserialize<Dictionary<string, string>>(line)!;
            var row = new TableEntity(columns["PartitionKey"], columns["RowKey"]);
            foreach (var (name, text) in columns.Where(column => column.Key.Contains('@', StringComparison.Ordinal)))
            {
                var at = name.LastIndexOf('@');
                row[name[..at]] = Read(name[(at + 1)..], text);
            }

            await table.AddEntityAsync(row, Cancelled);
        }
    }

    private static (string Type, string Text) Written(object value) => value switch
    {
        string text => ("Edm.String", text),
        bool flag => ("Edm.Boolean", flag ? "true" : "false"),
        int number => ("Edm.Int32", number.ToString(CultureInfo.InvariantCulture)),
        long number => ("Edm.Int64", number.ToString(CultureInfo.InvariantCulture)),
        DateTimeOffset time => ("Edm.DateTime", time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)),
        byte[] bytes => ("Edm.Binary", Convert.ToBase64String(bytes)),
        BinaryData bytes => ("Edm.Binary", Convert.ToBase64String(bytes)),
        _ => throw new NotSupportedException($"A column has the type {value.GetType()}."),
    };

    private static object Read(string type, string text) => type switch
    {
        "Edm.String" => text,
        "Edm.Boolean" => text == "true",
        "Edm.Int32" => int.Parse(text, CultureInfo.InvariantCulture),
        "Edm.Int64" => long.Parse(text, CultureInfo.InvariantCulture),
        "Edm.DateTime" => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture),
        "Edm.Binary" => Convert.FromBase64String(text),
        _ => throw new NotSupportedException($"A column has the type {type}."),
    };
}
